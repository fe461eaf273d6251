/// What the plugin needs of a device-management framework: who someone is, and what is deployed to whom.
#pragma once

#include "plugin/control/http.hpp"
#include "plugin/executors.hpp"
#include "protocol/error.hpp"

#include <boost/asio/ip/address.hpp>

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

/// An artifact that carries a release of ours.
struct KeptArtifact {
    std::string id;
    std::string name;
    std::vector<ArtifactFile> files;
};

/// The deployment that a device is working on now.
struct ActiveDeployment {
    std::string id;
    std::string artifact_name;
    std::vector<ArtifactFile> files;
    std::string group;      ///< the device's; empty: none
    std::string artifact{}; ///< its id
};

/// One device's part of a deployment.
struct DeviceDeployment {
    std::string deployment;
    std::string device;
};

/// A device's part that is no longer active.
struct EndedDeployment {
    DeviceDeployment part;
    std::string why; ///< for people, e.g. `the deployment was aborted`
};

/// An update that the plugin orders for one device, because the device or a failed transfer asks for it.
struct UpdateOrder {
    std::string device;
    std::vector<std::string> releases; ///< artifact names, best first
    std::string name;                  ///< of the deployment, for people
    /// The deployment that failed on this device and is ordered anew, as it was; empty: none.
    std::string repeats;
    /// False: only a deployment that is under way already is an answer.
    bool may_create{true};
};

/// What an order came to.
struct OrderedUpdate {
    std::string deployment; ///< its id
    std::string release;
    bool created{false}; ///< false: it was under way already
};

/// Two implementations: Mender's own server over its REST API, and the embedded one. All calls run on the
/// worker executor and may suspend; none throws for what the framework answers. `unavailable`: ask again
/// later.
class Host {
  public:
    virtual ~Host() = default;

    /// The device's id behind a bearer token that `client` shows; unauthorized when the token does not hold
    /// or is a user's; unavailable also when too many that nobody knows come from that address.
    virtual awaitable<Result<std::string>> device_of(std::string bearer, boost::asio::ip::address client) = 0;
    /// The user's name behind one; unauthorized when it does not hold or is a device's; unavailable as above.
    virtual awaitable<Result<std::string>> operator_of(std::string bearer,
                                                       boost::asio::ip::address client) = 0;

    /// What the device is updating to now; none when nothing is active.
    virtual awaitable<Result<std::optional<ActiveDeployment>>> active_deployment(std::string device) = 0;
    /// Those of `asked` that are no longer active: aborted, or the device decommissioned or not accepted any
    /// more. The sessions of these end, and their certifications die.
    virtual awaitable<Result<std::vector<EndedDeployment>>> ended(std::vector<DeviceDeployment> asked) = 0;

    /// Deploys the first of the releases that is there for a device of this type. A deployment of that
    /// release to this device that is not finished is the answer itself. not_found: none of them, or the
    /// device runs it already; busy: one would have to be made. With `repeats`: unavailable while that
    /// deployment is not finished for the device, aborted when it ended otherwise than failed.
    virtual awaitable<Result<OrderedUpdate>> order(UpdateOrder order) = 0;

    /// All artifacts of the update type `two-path` that the framework keeps.
    virtual awaitable<Result<std::vector<KeptArtifact>>> artifacts() = 0;

    /// Endpoints that the framework itself serves on the plugin's HTTPS port (the embedded one's, Mender's
    /// paths).
    virtual void add_routes(control::Router& router) = 0;
};

} // namespace two_path::host
