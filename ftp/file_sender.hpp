/// The sending half of a data connection: one part of a file into a socket, at the peer's pace.
#pragma once

#include "ftp/data_end.hpp"
#include "ftp/deadline.hpp"

#include <cstdint>
#include <functional>
#include <optional>

namespace two_path::ftp {

/// Part of a regular file, read with sendfile(2) at its own offsets.
struct FilePart {
    int file = -1; ///< borrowed
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
};

/// How slow a peer may take a file.
struct Patience {
    milliseconds progress_time; ///< in each such time it acknowledges at least
    /// this, in bytes per second, or half of what the socket is paced to; 0: one byte
    std::uint64_t least_rate;
};

/// Sends one part over a connected, non-blocking socket that outlives it.
class FileSender {
  public:
    FileSender(tcp::socket& socket, Patience patience);

    /// Sends and shuts the sending half down. `whole` or `stopped` says that the peer's system has
    /// acknowledged every byte; else `broken` or `failed`, and the socket is the caller's to reset. `sent`
    /// hears of the bytes handed to the kernel; called often.
    awaitable<DataEnd> send(FilePart part, std::function<void(std::uint64_t)> sent);

    /// Ends at the next multiple of `granularity` of the file's bytes, with `stopped`.
    void stop(std::uint64_t granularity);
    /// Resets the connection: `send` ends with `broken`.
    void interrupt();

  private:
    awaitable<DataEnd> fill(const std::function<void(std::uint64_t)>& sent);
    awaitable<DataEnd> drain();
    void look();
    std::uint64_t least() const noexcept;
    std::optional<std::uint64_t> unacknowledged() const noexcept;

    tcp::socket& socket_;
    Patience patience_;
    asio::steady_timer pause_; ///< between looks at the kernel's buffer
    Deadline deadline_;
    FilePart part_;
    std::uint64_t handed_ = 0; ///< to the kernel
    std::uint64_t taken_ = 0;  ///< of it acknowledged, when last looked
    bool stopped_ = false;
    bool interrupted_ = false;
};

} // namespace two_path::ftp
