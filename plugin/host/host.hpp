/// What the plugin needs of a device-management framework: who someone is, and what is deployed to whom.
#pragma once

#include "plugin/control/http.hpp"
#include "plugin/executors.hpp"
#include "protocol/error.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace two_path::host {

/// A file of the deployed artifact, as the framework lists it.
struct ArtifactFile {
    std::string name;
    std::string sha256; ///< hex, of the file's bytes
};

/// The deployment that a device is working on now.
struct ActiveDeployment {
    std::string id;
    std::string artifact_name;
    std::vector<ArtifactFile> files;
    std::string group; ///< the device's; empty: none
};

/// One device's part of a deployment.
struct DeviceDeployment {
    std::string deployment;
    std::string device;
};

/// Two implementations: Mender's own server over its REST API, and the embedded one. All calls run on the
/// worker executor and may suspend; none throws for what the framework answers. `unavailable`: ask again
/// later.
class Host {
  public:
    virtual ~Host() = default;

    /// The device's id behind a bearer token; unauthorized when the token does not hold or is a user's.
    virtual awaitable<Result<std::string>> device_of(std::string bearer) = 0;
    /// The user's name behind a bearer token; unauthorized when it does not hold or is a device's.
    virtual awaitable<Result<std::string>> operator_of(std::string bearer) = 0;

    /// What the device is updating to now; none when nothing is active.
    virtual awaitable<Result<std::optional<ActiveDeployment>>> active_deployment(std::string device) = 0;
    /// Those of `asked` that are no longer active: aborted, or the device decommissioned.
    virtual awaitable<Result<std::vector<DeviceDeployment>>> ended(std::vector<DeviceDeployment> asked) = 0;

    /// Endpoints that the framework itself serves on the plugin's HTTPS port (the embedded one's, Mender's
    /// paths).
    virtual void add_routes(control::Router& router) = 0;
};

} // namespace two_path::host
