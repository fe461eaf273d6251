/// Mender Artifacts, format 3, written: small ones, whole in memory (Mender's artifact-format-v3.md).
#pragma once

#include "plugin/catalog/artifact.hpp"

#include <functional>
#include <string>
#include <vector>

namespace two_path::catalog {

/// A file to be put into `data/0000.tar.gz`.
struct DataMember {
    std::string name;    ///< letters, digits and `.,_-`, as mender-artifact demands
    std::string content; ///< never empty: a member without bytes crashes client 5.1
};

/// What an artifact is made of.
struct ArtifactContent {
    std::string payload_type;
    json::object provides; ///< header-info's: `artifact_name` and perhaps `artifact_group`
    json::object depends;  ///< header-info's: `device_type`, perhaps `artifact_name` and `artifact_group`
    /// type-info's `artifact_provides`, `artifact_depends`, `clears_artifact_provides`; its `type` is set.
    json::object type_info;
    json::object meta_data;
    std::vector<StateScript> scripts;
    std::vector<DataMember> members; ///< names differ
};

/// Signs the manifest's bytes: base64, as `manifest.sig` holds it.
using Signer = std::function<Result<std::string>(std::string_view manifest)>;

/// The whole .mender; the same content gives the same bytes. An empty `signer` leaves it unsigned. Clients
/// refuse less than 4096 bytes (3.4); the five members of the smallest artifact already take more.
/// bad_request: a member or script that no client could take (the detail names it).
[[nodiscard]] Result<std::string> write_artifact(const ArtifactContent& content, const Signer& signer);

} // namespace two_path::catalog
