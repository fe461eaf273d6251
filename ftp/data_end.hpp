/// How a data connection ended, in either direction.
#pragma once

namespace two_path::ftp {

/// The replies are those of RFC 959 section 5.4: 4xx invites another attempt, 5xx forbids it.
enum class DataEnd {
    whole,         ///< 226: acknowledged by the client's system to the last byte, or accepted by the owner
    no_connection, ///< 425: the client did not connect in time
    broken,        ///< 426: reset, ended too early, or no progress in time
    stopped,       ///< 426: the server stops
    failed,        ///< 451: the file could not be read to the size that was told, or not be written
    rejected,      ///< 451: all has come, and is not what it should be
    no_room,       ///< 552: the disk is full
    too_long,      ///< 552: more bytes than there may be
};

} // namespace two_path::ftp
