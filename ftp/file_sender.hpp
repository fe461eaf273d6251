/// The sending half of a data connection: one part of a file into a socket, at the peer's pace.
#pragma once

#include "ftp/data_end.hpp"
#include "ftp/deadline.hpp"

#include <cstdint>
#include <functional>

namespace two_path::ftp {

/// Part of a regular file, read with sendfile(2) at its own offsets.
struct FilePart {
    int file = -1; ///< borrowed
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
};

/// Sends one part over a connected, non-blocking socket that outlives it.
class FileSender {
  public:
    /// `progress_time`: how long no byte may move.
    FileSender(tcp::socket& socket, milliseconds progress_time);

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

    tcp::socket& socket_;
    milliseconds progress_time_;
    asio::steady_timer pause_; ///< between looks at the kernel's buffer
    Deadline deadline_;
    FilePart part_;
    bool stopped_ = false;
    bool interrupted_ = false;
};

} // namespace two_path::ftp
