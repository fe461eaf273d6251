/// What a server's connections are allowed: asked of the library's user.
#pragma once

#include "ftp/asio.hpp"
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

/// Why a name is not served: 550, 450, 451.
enum class Refusal { not_found, busy, failed };

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

  private:
    std::weak_ptr<Connection> connection_;
};

/// What one control connection is allowed. Lives until the connection has ended; its functions run on the
/// server's executor, one at a time, and may take their time there: the client waits, nothing else does.
/// They may complete from another executor's work, but on the server's. An exception ends the connection.
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
    virtual awaitable<std::variant<Source, Refusal>> open(std::string name) = 0;

    /// Bytes of the running RETR handed to the kernel since the last call; called often.
    virtual void sent(std::uint64_t bytes) noexcept = 0;
};

/// Meets each connection; outlives the server.
class Service {
  public:
    virtual ~Service() = default;

    /// A client has connected and is within the limits. Null refuses it with 421.
    virtual std::unique_ptr<Visitor> connected(const Peer& peer, ConnectionHandle handle) = 0;
};

} // namespace two_path::ftp
