/// What a server's connections are allowed: asked of the library's user.
#pragma once

#include "ftp/asio.hpp"
#include "ftp/data_end.hpp"
#include "ftp/descriptor.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>

namespace two_path::ftp {

class Connection;

/// Both ends of a control connection; IPv4 addresses are never in their v6-mapped form.
struct Peer {
    tcp::endpoint remote;
    tcp::endpoint local;
};

/// A file that is sent.
struct Source {
    Descriptor file;               ///< regular file, read with sendfile(2) at its own offsets
    std::uint64_t size = 0;        ///< bytes, at most 2^63-1
    std::uint64_t granularity = 1; ///< bytes of a block; `Server::stop` ends a transfer at a multiple of it
};

/// What may be stored under a name.
struct Space {
    std::uint64_t stored = 0; ///< bytes that are there: REST names them or fewer, APPE goes on behind them
    std::uint64_t size = 0;   ///< bytes that the file may have in the end, at most 2^63-1
    bool exact = true; ///< whether fewer are a broken transfer, as they should be wherever the size is known
};

/// A data connection that brings a file.
struct Incoming {
    Descriptor data;          ///< a duplicate, in blocking mode; may be handed to another process
    std::uint64_t offset = 0; ///< where its first byte belongs; what was stored from there on is replaced
    std::uint64_t size = 0; ///< where its last byte must end, or may at most (`Space`; ALLO may have told it)
    bool exact = true;
};

/// How the owner says that a data connection ended.
struct Received {
    DataEnd end = DataEnd::whole;
    std::uint64_t bytes = 0; ///< read from it
};

/// Why a name is not served.
enum class Refusal {
    not_found, ///< 550; to STOR and APPE 553
    busy,      ///< 450
    failed,    ///< 451
    no_room,   ///< 452
    unserved,  ///< 502: nothing goes in this direction here
};

/// Closes one connection from outside. Holding it does not keep the connection alive.
class ConnectionHandle {
  public:
    ConnectionHandle() = default;
    explicit ConnectionHandle(std::weak_ptr<Connection> connection)
      : connection_(std::move(connection)) {}

    /// Cuts a running transfer, says `421 reason` and closes. From the server's executor, at any time, also
    /// from within a visitor's own function, repeatedly, and after the connection has ended. `reason` is one
    /// line of printable text.
    void close(std::string reason) const;

    /// What this connection's RETR may send at most, in bytes per second; 0: no limit. Holds at once, for the
    /// running transfer, and for those that follow. Where and when it may be called: as `close`.
    void pace(std::uint64_t bytes_per_second) const;

  private:
    std::weak_ptr<Connection> connection_;
};

/// What one control connection is allowed. Lives until the connection has ended; its functions run on the
/// server's executor, one at a time, and may take their time there: the client waits, nothing else does.
/// They may complete from another executor's work, but on the server's. An exception ends the connection.
/// One direction is enough: what is not overridden is not served.
class Visitor {
  public:
    virtual ~Visitor() = default;

    /// USER: the text after `331 `, one line. The same, in the same time, whether the user exists or not
    /// (RFC 2577 section 7).
    virtual awaitable<std::string> challenge(std::string user) = 0;

    /// PASS: the text after `230 `, or nothing for `530`, which is delayed and counted by the server.
    virtual awaitable<std::optional<std::string>> authenticate(std::string password) = 0;

    /// SIZE (RFC 3659 section 4): bytes of the named file. A name has no leading '/' and no control bytes.
    virtual awaitable<std::variant<std::uint64_t, Refusal>> size(std::string name) = 0;

    /// RETR: the file to send. It is closed when the transfer has ended.
    virtual awaitable<std::variant<Source, Refusal>> open(std::string name);

    /// Bytes of the running RETR handed to the kernel since the last call; called often.
    virtual void sent(std::uint64_t bytes) noexcept;

    /// STOR and APPE: what may be stored. Asked before the client may send.
    virtual awaitable<std::variant<Space, Refusal>> store(std::string name);

    /// The data of the STOR or APPE just allowed; runs while the client talks on, and no other function is
    /// called before it has ended. Read to the connection's end, close the descriptor, and say `whole` only
    /// when the file is all there, verified and synced: the reply is 226 then, if the bytes add up too. The
    /// server shuts the connection down when the client aborts or falls silent; other waits are the owner's
    /// to end. `receive.hpp` does the reading for an owner in this process. An exception is `failed`.
    virtual awaitable<Received> receive(Incoming incoming);
};

/// Meets each connection; outlives the server.
class Service {
  public:
    virtual ~Service() = default;

    /// A client has connected and is within the limits. Null refuses it with 421.
    virtual std::unique_ptr<Visitor> connected(const Peer& peer, ConnectionHandle handle) = 0;
};

} // namespace two_path::ftp
