/// What the process that talks FTP and the one that decides say to each other.
#pragma once

#include "update-module/bulk/packet_text.hpp"

#include <cstdint>

namespace two_path::bulk {

/// Module to child. Each gets exactly one event.
struct ConnectionOrder {
    enum class Kind : std::uint8_t {
        connect, ///< `text`: address, `port`; -> connected; after failed once more for another
        login,   ///< `text`: user; -> challenge
        answer,  ///< `text`: the proof, for PASS; -> logged_in
        decline, ///< QUIT; -> failed
        size,    ///< `text`: file; -> size
        fetch,   ///< `text`: file, `number`: offset; -> data
        finish,  ///< the final reply of the transfer; -> finished
        quit,    ///< QUIT and its reply; -> finished
    };
    Kind kind{Kind::connect};
    std::uint16_t port{0};
    std::uint32_t connect_ms{0};  ///< connect: how long each TCP connection may take
    std::uint32_t silence_ms{0};  ///< connect: how long each wait for the server may take
    std::uint32_t lifetime_ms{0}; ///< connect: how long to wait for the next order
    std::uint64_t number{0};
    PacketText text;
};

/// Child to module.
struct ConnectionEvent {
    enum class Kind : std::uint8_t {
        connected,
        challenge, ///< `text`: after `331 `, cut at 256 bytes
        logged_in,
        size,     ///< `number`
        data,     ///< comes with the open data connection
        finished, ///< the server says that it sent all, or has said goodbye
        failed,   ///< `code`: of the refusing reply, 0 for a lost connection; `text`: for people
    };
    Kind kind{Kind::failed};
    std::uint16_t code{0};
    std::uint64_t number{0};
    PacketText text;
};

} // namespace two_path::bulk
