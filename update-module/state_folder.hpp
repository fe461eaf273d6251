/// The device's state directory: made when needed, and used by one process at a time.
#pragma once

#include "ftp/descriptor.hpp"
#include "protocol/error.hpp"
#include "update-module/deadline.hpp"

#include <string>

namespace two_path::device {

/// Held while a process works on record, reports and busy flag; dies with it.
class StateLock {
  public:
    /// Creates the folder when it is missing, and waits for the lock. conflict when another process has it
    /// until the deadline; io_error; no_room.
    [[nodiscard]] static Result<StateLock> take(const std::string& state_dir, Deadline deadline);

  private:
    explicit StateLock(ftp::Descriptor file)
      : file_(std::move(file)) {}
    ftp::Descriptor file_;
};

/// Whether the device's control part says "busy": `<state_dir>/busy` is there.
[[nodiscard]] bool is_busy(const std::string& state_dir);
/// Stays so over restarts, until it is set otherwise.
[[nodiscard]] Result<void> set_busy(const std::string& state_dir, bool busy);

} // namespace two_path::device
