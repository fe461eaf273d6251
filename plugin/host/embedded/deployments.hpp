/// Deployments: who is to install which artifact, ordered by the operator.
#pragma once

#include "plugin/host/embedded/device_status.hpp"
#include "plugin/host/embedded/devices.hpp"
#include "plugin/state/database.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace two_path::host::embedded {

/// What an operator orders.
struct NewDeployment {
    std::string name;
    std::string artifact_name;
    std::optional<std::string> group; ///< when it was ordered for a group
    bool forced{false};               ///< also for devices that run it already
    std::vector<std::string> devices; ///< ids
};

/// As it is now. Times are UNIX milliseconds.
struct Deployment {
    std::string id;
    std::string name;
    std::string artifact_name;
    std::optional<std::string> group;
    bool forced{false};
    std::int64_t created{0};
    std::optional<std::int64_t> finished;
    std::map<DeviceStatus, std::int64_t> statistics; ///< devices of each status; none that is 0

    [[nodiscard]] std::int64_t device_count() const;
    /// `finished`, `pending` while no device has asked for it, else `inprogress`.
    [[nodiscard]] std::string_view status() const;
};

/// Which deployments a list asks for; empty members do not restrict.
struct DeploymentFilter {
    std::string status; ///< as Deployment::status()
    std::string search; ///< part of the name or of the artifact's name
    std::vector<std::string> ids;
    std::vector<std::string> names;
    std::optional<std::int64_t> created_after;  ///< at or after, UNIX milliseconds
    std::optional<std::int64_t> created_before; ///< at or before
    bool oldest_first{false};
};

/// The new one's id. conflict when one like it (name, artifact, devices) is not finished.
[[nodiscard]] Result<std::string> create_deployment(state::Database& database, const NewDeployment& asked,
                                                    std::int64_t now);
[[nodiscard]] std::optional<Deployment> find_deployment(state::Database& database, std::string_view id);
[[nodiscard]] std::vector<Deployment> list_deployments(state::Database& database,
                                                       const DeploymentFilter& filter, Page page);
[[nodiscard]] std::int64_t count_deployments(state::Database& database, const DeploymentFilter& filter);
/// All devices that a deployment is for.
[[nodiscard]] std::vector<std::string> target_devices(state::Database& database, const std::string& id);

/// Ends it for every device that is not finished. not_found; out_of_order when it is finished.
[[nodiscard]] Result<void> abort_deployment(state::Database& database, const std::string& id,
                                            std::int64_t now);

/// Ends what is not finished for one device.
void abort_deployments_of(state::Database& database, const std::string& device, std::int64_t now);

/// Whether a deployment that is not finished is about an artifact of this name.
[[nodiscard]] bool is_being_deployed(state::Database& database, const std::string& artifact_name);

} // namespace two_path::host::embedded
