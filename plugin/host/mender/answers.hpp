/// What a Mender server's management API answers, read without I/O. Fields that a version of the server
/// lacks, or writes as null, are no failure where the plugin can do without them.
#pragma once

#include "plugin/host/host.hpp"

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace two_path::host::mender {

// Each parser fails with unavailable, naming the document, for an answer that is not what it should be.

/// One device's part of one deployment.
struct Part {
    std::string deployment;
    std::string artifact_name;
    bool forced{false};  ///< the deployment installs what the device has already
    std::string status;  ///< of this device: `downloading`, `failure`, ...
    std::string created; ///< RFC 3339
    bool assigned{false};
    std::string artifact;            ///< the id of the artifact assigned
    std::vector<ArtifactFile> files; ///< of the artifact assigned; its names and checksums
};

[[nodiscard]] bool is_finished(const Part& part);

/// `GET deployments/devices/{id}`.
[[nodiscard]] Result<std::vector<Part>> parse_parts(std::string_view body);
/// The one that the device works on: of those that are not finished and have an artifact, the oldest. The
/// group stays empty.
[[nodiscard]] std::optional<ActiveDeployment> active_of(const std::vector<Part>& parts);

/// `POST deployments/statistics/list`: by deployment, how many devices it was taken from (aborted,
/// decommissioned).
[[nodiscard]] Result<std::map<std::string, std::uint64_t>> parse_taken(std::string_view body);

/// The ids of a list of objects: `GET deployments/{id}/devices/list`, ...
[[nodiscard]] Result<std::vector<std::string>> parse_ids(std::string_view body);
/// A list of ids: `GET deployments/{id}/device_list`.
[[nodiscard]] Result<std::vector<std::string>> parse_names(std::string_view body);

/// `GET v2/devauth/devices`: the devices among them that are accepted and stay.
[[nodiscard]] Result<std::vector<std::string>> parse_accepted(std::string_view body);

/// What the inventory tells of one device; empty: nothing.
struct Inventory {
    std::string group;
    std::string artifact_name;
    std::string device_type;
};
/// `GET v1/inventory/devices/{id}`.
[[nodiscard]] Result<Inventory> parse_inventory(std::string_view body);

/// A deployment in the list of all.
struct ListedDeployment {
    std::string id;
    std::string artifact_name;
};
/// `GET deployments`.
[[nodiscard]] Result<std::vector<ListedDeployment>> parse_deployments(std::string_view body);

/// An artifact in the list of all.
struct ListedArtifact {
    std::string id;
    std::string name;
    std::vector<std::string> device_types;
    std::string payload_type; ///< of its first payload
    std::vector<ArtifactFile> files;
    std::uint64_t size{0};       ///< bytes of the whole .mender; 0: not told
    bool depends_on_name{false}; ///< it installs over certain artifacts only
};
/// `GET artifacts/list`.
[[nodiscard]] Result<std::vector<ListedArtifact>> parse_artifacts(std::string_view body);

/// One page of `GET v2/deployments/releases`.
struct ReleasePage {
    std::vector<std::string>
        tagged;            ///< names of those that have the tag, also where the server does not filter
    std::size_t listed{0}; ///< all
};
[[nodiscard]] Result<ReleasePage> parse_releases(std::string_view body, std::string_view tag);

/// `GET artifacts/{id}/download`: a URL that is a secret.
[[nodiscard]] Result<std::string> parse_link(std::string_view body);

/// `GET users/me`: what people know the user by.
[[nodiscard]] Result<std::string> parse_user(std::string_view body);

/// The id at the end of a `Location`; empty when there is none.
[[nodiscard]] std::string id_at_end(std::string_view location);

} // namespace two_path::host::mender
