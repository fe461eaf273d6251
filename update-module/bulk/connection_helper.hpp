/// The process that starts, on request, the process that talks FTP.
#pragma once

#include "ftp/descriptor.hpp"
#include "protocol/error.hpp"
#include "update-module/bulk/call_filter.hpp"
#include "update-module/deadline.hpp"

#include <string>
#include <sys/types.h>

namespace two_path::bulk {

/// How long a worker waits for its first order.
inline constexpr milliseconds first_order_time{60'000};

/// A child forked while the module has no secret yet, and without rights (confinement.hpp). For each
/// connection it forks a worker, which parses what the peer says, so that neither the parsing nor its memory
/// ever meets the certification, a bearer token, or a right that could do harm (call_filter.hpp). It ends its
/// workers with itself, and itself with the module. Not thread-safe.
class ConnectionHelper {
  public:
    /// Start it first thing in `Download`, before the session is opened and while there is one thread only.
    /// Fails with io_error when no process can be had.
    [[nodiscard]] static Result<ConnectionHelper> start();
    ConnectionHelper(ConnectionHelper&& other) noexcept;
    ConnectionHelper& operator=(ConnectionHelper&&) = delete;
    ~ConnectionHelper();

    /// A new worker's socket; ends the one before. Fails with io_error.
    [[nodiscard]] Result<ftp::Descriptor> start_worker(WorkerRole role);
    /// Ends the running worker, if any, at once. Gives, for people, what it had been ended by before: a
    /// system call that it may not make, or a fault. Empty: it was well, or had ended by itself.
    std::string end_worker();
    /// As `give_up_rights` gives it.
    [[nodiscard]] const std::string& lacking() const noexcept { return lacking_; }
    /// Processor time (user and system) of the helper and of all workers that have ended.
    [[nodiscard]] double cpu_seconds() const noexcept { return cpu_seconds_; }

  private:
    ConnectionHelper(ftp::Descriptor socket, pid_t child) noexcept;
    bool hear_first() noexcept;
    bool order(WorkerRole role, int worker_socket) noexcept;

    ftp::Descriptor socket_;
    pid_t child_;
    std::string lacking_;
    int worker_status_{0}; ///< of the last one that was ended
    double cpu_seconds_{0};
};

} // namespace two_path::bulk
