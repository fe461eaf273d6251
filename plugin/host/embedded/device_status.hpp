/// How far one device is with one deployment, as Mender names it.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace two_path::host::embedded {

enum class DeviceStatus : std::uint8_t {
    pending, ///< the device has not asked for it yet
    downloading,
    pause_before_installing,
    installing,
    pause_before_rebooting,
    rebooting,
    pause_before_committing,
    // finished
    success,
    failure,
    noartifact,        ///< none of the artifact's name is for this device
    already_installed, ///< the device runs it already
    aborted,           ///< by the operator
    decommissioned,    ///< the device was removed
};

inline constexpr std::array all_device_statuses{
    DeviceStatus::pending,
    DeviceStatus::downloading,
    DeviceStatus::pause_before_installing,
    DeviceStatus::installing,
    DeviceStatus::pause_before_rebooting,
    DeviceStatus::rebooting,
    DeviceStatus::pause_before_committing,
    DeviceStatus::success,
    DeviceStatus::failure,
    DeviceStatus::noartifact,
    DeviceStatus::already_installed,
    DeviceStatus::aborted,
    DeviceStatus::decommissioned,
};

/// As in Mender's API, e.g. `already-installed`.
[[nodiscard]] std::string_view name_of(DeviceStatus status) noexcept;
[[nodiscard]] std::optional<DeviceStatus> device_status_from_name(std::string_view name) noexcept;
/// Nothing more comes after it.
[[nodiscard]] constexpr bool is_finished(DeviceStatus status) noexcept {
    return status >= DeviceStatus::success;
}
/// One that devices report; the others are the server's.
[[nodiscard]] bool is_reported_by_devices(DeviceStatus status) noexcept;

} // namespace two_path::host::embedded
