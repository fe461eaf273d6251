/// What the device's owner allows: when, and how much over a link that is paid for by the byte.
#pragma once

#include "update-module/deadline.hpp"
#include "update-module/settings.hpp"

#include <cstdint>
#include <ctime>
#include <functional>

namespace two_path::device {

/// The time of day, UNIX seconds.
using Now = std::function<std::time_t()>;
[[nodiscard]] std::time_t time_now();

/// Waits for the next of `settings.hours`, and says so. not_ready when they begin too late for `deadline`;
/// time_limit, interrupted.
[[nodiscard]] Result<void> wait_for_hours(const Settings& settings, Deadline deadline,
                                          const Now& now = time_now);
/// not_ready outside of `settings.hours`.
[[nodiscard]] Result<void> check_hours(const Settings& settings, const Now& now = time_now);

/// not_ready when `bytes` are more than may be fetched and the link is metered. io_error when the command
/// that tells cannot be run.
[[nodiscard]] Result<void> check_metered(const Settings& settings, std::uint64_t bytes, Deadline deadline);

} // namespace two_path::device
