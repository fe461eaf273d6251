/// What the process that is an FTP server and the one that decides say to each other.
#pragma once

#include "update-module/bulk/packet_text.hpp"

#include <cstdint>

namespace two_path::bulk {

/// Child to module. `user`, `password`, `size`, `store` and `data` are questions: each gets one answer, of
/// the same number, and those of one visitor come one after the other.
struct ListenerEvent {
    enum class Kind : std::uint8_t {
        listening, ///< on the port that was asked for
        failed,    ///< it cannot listen; `text`: why
        user,      ///< `text`: the argument of USER
        password,  ///< `text`: the argument of PASS
        size,      ///< `text`: file
        store,     ///< `text`: file
        data,      ///< `text`: file, `offset`: where the bytes belong; comes with the open data connection
        left,      ///< no question: the visitor's connection has ended
    };
    Kind kind{Kind::failed};
    std::uint32_t visitor{0}; ///< of which connection, from 1
    std::uint32_t question{0};
    std::uint64_t offset{0};
    PacketText text;
};

/// Module to child.
struct ListenerOrder {
    enum class Kind : std::uint8_t {
        listen,    ///< `text`: address, `port`; `admitted`; -> listening or failed
        challenge, ///< to user; `text`: what follows 331
        accept,    ///< to password; `text`: what follows 230
        size,      ///< to size; `number`: bytes that are here
        space,     ///< to store; `number`: bytes that are here, `whole`: bytes of the file
        received,  ///< to data: all came, is verified and on disk; `number`: bytes read
        again,     ///< to data: what came is kept, the rest is still to come (426); `number`: bytes read
        rejected,  ///< to data: a block does not match its digest (451); `number`: bytes read
        refuse,    ///< to any but user and data
        busy,      ///< to size and store: an earlier transfer still ends
    };
    Kind kind{Kind::refuse};
    std::uint16_t port{0};
    std::uint16_t first_data_port{0}; ///< listen: of the range for data connections; 0: any
    std::uint16_t last_data_port{0};
    std::uint32_t silence_ms{0}; ///< listen: how long no byte may move
    std::uint32_t question{0};
    std::uint64_t number{0};
    std::uint64_t whole{0};
    PacketText text;
    PacketText admitted; ///< listen: addresses that may connect, separated by blanks
};

} // namespace two_path::bulk
