/// Bytes from the thread that fetches to the one that feeds the installer.
#pragma once

#include "ftp/descriptor.hpp"
#include "protocol/encoding.hpp"
#include "protocol/error.hpp"
#include "update-module/deadline.hpp"

#include <atomic>
#include <span>

namespace two_path::bulk {

/// One thread writes, one reads. SIGPIPE must be ignored.
class BytePipe {
  public:
    /// Throws std::system_error when there is no descriptor left.
    BytePipe();

    // for the one who fetches

    /// Waits for room. time_limit, interrupted; inner_module_failed when nobody takes them any more.
    [[nodiscard]] Result<void> write(ByteView bytes, Deadline deadline);
    /// The same of what there is room for until `until`; `bytes` are then those that are left.
    [[nodiscard]] Result<void> offer(ByteView& bytes, Deadline until);
    /// No more will come.
    void end() noexcept { writer_ = ftp::Descriptor(); }
    /// Nobody takes them any more.
    [[nodiscard]] bool abandoned() const noexcept { return abandoned_; }

    // for the one who takes

    /// Some bytes; waits for them. time_limit, interrupted; truncated when no more will come.
    [[nodiscard]] Result<std::size_t> read(std::span<std::uint8_t> into, Deadline deadline);
    /// Nobody will read any more.
    void abandon() noexcept;
    /// More was asked for than came.
    [[nodiscard]] bool fell_short() const noexcept { return fell_short_; }

  private:
    ftp::Descriptor reader_;
    ftp::Descriptor writer_;
    std::atomic<bool> abandoned_{false};
    bool fell_short_{false};
};

} // namespace two_path::bulk
