/// Whether a device can take a release's payload within one attempt.
#pragma once

#include "plugin/cli/command_line.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace two_path::cli {

/// What the publisher knows of the devices.
struct TimeLimit {
    /// How long the Mender client lets an update module run: mender.conf's ModuleTimeoutSeconds; 2 or more.
    std::chrono::seconds module_timeout{14'400};
    std::uint64_t device_rate{0}; ///< of the slowest, bytes per second; 0: not known

    /// What is left of it for a transfer: less 60 s, and at least half.
    [[nodiscard]] std::chrono::seconds of_transfer() const noexcept;
};

/// `--device-rate` and `--module-timeout`; bad_request names the option.
[[nodiscard]] Result<TimeLimit> read_time_limit(const Arguments& given);

/// What the publisher should know of `bytes` that go to each device: with a known rate when the transfer
/// alone takes longer than one attempt may; without one when it would at 1 Mbit/s. None when there is nothing
/// to say.
[[nodiscard]] std::optional<std::string> warning_of(const TimeLimit& limit, std::uint64_t bytes);

} // namespace two_path::cli
