/// The artifacts that can be deployed, as the database knows them; their files lie beside it.
#pragma once

#include "plugin/catalog/artifact.hpp"
#include "plugin/host/embedded/devices.hpp"
#include "plugin/host/host.hpp"
#include "plugin/state/database.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace two_path::host::embedded {

struct StoredArtifact {
    std::string id;
    std::string name;
    json::object document; ///< as Mender's API shows it
    std::string sha256;    ///< names the file
    std::uint64_t size{0}; ///< of the file, bytes
    std::int64_t modified{0};

    [[nodiscard]] std::vector<std::string> device_types() const;
    /// The update module that it is for.
    [[nodiscard]] std::string payload_type() const;
    /// Its payload's files.
    [[nodiscard]] std::vector<host::ArtifactFile> files() const;
};

/// What comes with an artifact when it is uploaded.
struct Upload {
    std::string id;
    std::string description;
    std::string sha256; ///< of the whole .mender
};

/// What a device says it runs.
struct Installed {
    std::string artifact_name;
    std::string device_type;
    std::map<std::string, std::string> provides; ///< the rest of it
    bool complete{false}; ///< `provides` is all the device has; else only name and type are known
};

/// conflict when an artifact of this name, with the same depends, serves one of its device types already.
[[nodiscard]] Result<void> add_artifact(state::Database& database, const catalog::Artifact& artifact,
                                        const Upload& upload, std::int64_t now);
[[nodiscard]] std::optional<StoredArtifact> find_artifact(state::Database& database, std::string_view id);
/// All of one name, oldest first.
[[nodiscard]] std::vector<StoredArtifact> artifacts_called(state::Database& database,
                                                           const std::string& name);

/// Which artifacts a list asks for; empty members do not restrict.
struct ArtifactFilter {
    std::vector<std::string> names; ///< one that ends in `*` is the beginning of one
    std::string description;        ///< part of it, without regard to case
    std::string device_type;
};
/// Oldest first; a page without limit has -1.
[[nodiscard]] std::vector<StoredArtifact> list_artifacts(state::Database& database,
                                                         const ArtifactFilter& filter, Page page);
[[nodiscard]] std::int64_t count_artifacts(state::Database& database, const ArtifactFilter& filter);
/// False: there is no such artifact.
bool describe_artifact(state::Database& database, std::string_view id, const std::string& description);
[[nodiscard]] bool is_stored(state::Database& database, std::string_view sha256);
/// Forgets all the rows or none, and with the last one of a name what was said of that release; the files are
/// the caller's to remove then.
void remove_artifacts(state::Database& database, const std::vector<StoredArtifact>& artifacts);

/// The first artifact of `name` that is for this device: its type, and its depends where they can be told.
[[nodiscard]] std::optional<StoredArtifact> artifact_for(state::Database& database, const std::string& name,
                                                         const Installed& installed);
/// Whether an artifact is for this device.
[[nodiscard]] bool suits(const StoredArtifact& artifact, const Installed& installed);

} // namespace two_path::host::embedded
