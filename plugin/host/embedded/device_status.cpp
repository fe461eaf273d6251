#include "plugin/host/embedded/device_status.hpp"

#include <algorithm>

namespace two_path::host::embedded {

std::string_view name_of(DeviceStatus status) noexcept {
    switch (status) {
    case DeviceStatus::pending:
        return "pending";
    case DeviceStatus::downloading:
        return "downloading";
    case DeviceStatus::pause_before_installing:
        return "pause_before_installing";
    case DeviceStatus::installing:
        return "installing";
    case DeviceStatus::pause_before_rebooting:
        return "pause_before_rebooting";
    case DeviceStatus::rebooting:
        return "rebooting";
    case DeviceStatus::pause_before_committing:
        return "pause_before_committing";
    case DeviceStatus::success:
        return "success";
    case DeviceStatus::failure:
        return "failure";
    case DeviceStatus::noartifact:
        return "noartifact";
    case DeviceStatus::already_installed:
        return "already-installed";
    case DeviceStatus::aborted:
        return "aborted";
    case DeviceStatus::decommissioned:
        break;
    }
    return "decommissioned";
}

std::optional<DeviceStatus> device_status_from_name(std::string_view name) noexcept {
    const auto* found = std::find_if(all_device_statuses.begin(), all_device_statuses.end(),
                                     [name](DeviceStatus status) { return name_of(status) == name; });
    if (found == all_device_statuses.end()) return std::nullopt;
    return *found;
}

bool is_reported_by_devices(DeviceStatus status) noexcept {
    switch (status) {
    case DeviceStatus::pending:
    case DeviceStatus::noartifact:
    case DeviceStatus::aborted:
    case DeviceStatus::decommissioned:
        return false;
    default:
        return true;
    }
}

} // namespace two_path::host::embedded
