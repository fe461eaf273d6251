/// What the device's owner allows: when, and how much over a link that is paid for by the byte.
#pragma once

#include "update-module/deadline.hpp"
#include "update-module/settings.hpp"

#include <cstdint>

namespace two_path::device {

/// Waits for the next of `settings.hours`, and says so. not_ready when they begin too late for `deadline`;
/// interrupted.
[[nodiscard]] Result<void> wait_for_hours(const Settings& settings, Deadline deadline);

/// not_ready when `bytes` are more than may be fetched and the link is metered. io_error when the command
/// that tells cannot be run.
[[nodiscard]] Result<void> check_metered(const Settings& settings, std::uint64_t bytes, Deadline deadline);

} // namespace two_path::device
