/// The process that starts, on request, one process per connection of the second path.
#pragma once

#include "ftp/descriptor.hpp"
#include "protocol/error.hpp"

#include <sys/types.h>

namespace two_path::bulk {

/// A child forked while the module has no secret yet. For each connection it forks a worker, which parses
/// the server's replies, so that neither the parsing nor its memory ever meets the certification or a bearer
/// token. It ends its workers with itself, and itself with the module. Not thread-safe.
class ConnectionHelper {
  public:
    /// Start it first thing in `Download`, before the session is opened and while there is one thread only.
    /// Fails with io_error when no process can be had.
    [[nodiscard]] static Result<ConnectionHelper> start();
    ConnectionHelper(ConnectionHelper&& other) noexcept;
    ConnectionHelper& operator=(ConnectionHelper&&) = delete;
    ~ConnectionHelper();

    /// A new worker's socket (orders and events of connection_messages.hpp); ends the one before. Fails with
    /// io_error.
    [[nodiscard]] Result<ftp::Descriptor> connect();
    /// Ends the running worker, if any, at once.
    void end_worker() noexcept;
    /// Processor time (user and system) of the helper and of all workers that have ended.
    [[nodiscard]] double cpu_seconds() const noexcept { return cpu_seconds_; }

  private:
    ConnectionHelper(ftp::Descriptor socket, pid_t child) noexcept;
    bool order(int worker_socket) noexcept;

    ftp::Descriptor socket_;
    pid_t child_;
    double cpu_seconds_{0};
};

} // namespace two_path::bulk
