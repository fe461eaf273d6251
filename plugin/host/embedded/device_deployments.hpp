/// Each device's part of each deployment: in which order it takes them, and how far it got.
#pragma once

#include "plugin/host/embedded/device_status.hpp"
#include "plugin/host/embedded/devices.hpp"
#include "plugin/state/database.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace two_path::host::embedded {

/// One device's part. Times are UNIX milliseconds.
struct DevicePart {
    std::string deployment;
    std::string device;
    DeviceStatus status{DeviceStatus::pending};
    std::string substate;
    std::optional<std::string> artifact; ///< the id of what it was told to install
    std::int64_t created{0};
    std::optional<std::int64_t> started; ///< when it was first told
    std::optional<std::int64_t> finished;
    bool has_log{false};
};

/// A deployment's name as an artifact, with the part of one device in it.
struct Order {
    DevicePart part;
    std::string artifact_name;
    bool forced{false}; ///< also when the device runs it already
};

/// The part; none when the deployment is not for this device.
[[nodiscard]] std::optional<DevicePart> find_part(state::Database& database, const std::string& deployment,
                                                  const std::string& device);
/// The oldest unfinished deployment of a device; with `begun`, only what it was already told to install.
[[nodiscard]] std::optional<Order> oldest_unfinished(state::Database& database, const std::string& device,
                                                     bool begun);
/// The unfinished deployment of an artifact's name to a device, the oldest; none when there is none.
[[nodiscard]] std::optional<std::string> unfinished_of(state::Database& database, const std::string& device,
                                                       const std::string& artifact_name);
/// Of a deployment, in the order of the devices' ids; `status` restricts when it is not empty.
[[nodiscard]] std::vector<DevicePart> parts_of_deployment(state::Database& database,
                                                          const std::string& deployment,
                                                          const std::string& status, Page page);
[[nodiscard]] std::int64_t count_parts_of_deployment(state::Database& database, const std::string& deployment,
                                                     const std::string& status);
/// Of a device, newest deployment first.
[[nodiscard]] std::vector<DevicePart> parts_of_device(state::Database& database, const std::string& device,
                                                      const std::string& status, Page page);
[[nodiscard]] std::int64_t count_parts_of_device(state::Database& database, const std::string& device,
                                                 const std::string& status);

// The following change the state; a caller with more to change brings the transaction.

/// Notes what the device is told to install, and that it began.
void assign_artifact(state::Database& database, const DevicePart& part, const std::string& artifact,
                     std::int64_t now);
/// Sets the status. When it was the last unfinished part, the deployment is finished too.
void set_part_status(state::Database& database, const std::string& deployment, const std::string& device,
                     DeviceStatus status, const std::string& substate, std::int64_t now);
/// Ends all unfinished parts of a device.
void end_unfinished_of(state::Database& database, const std::string& device, DeviceStatus status,
                       std::int64_t now);

void set_log(state::Database& database, const std::string& deployment, const std::string& device,
             const std::string& lines);
[[nodiscard]] std::optional<std::string> find_log(state::Database& database, const std::string& deployment,
                                                  const std::string& device);

} // namespace two_path::host::embedded
