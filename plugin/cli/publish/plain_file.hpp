/// A release of a plain file, which an installer gets together with what is said beside.
#pragma once

#include "plugin/publishing/publication.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace two_path::cli {

/// What must be said beside when the file is not an artifact yet.
struct PlainOptions {
    std::string installer;
    std::vector<std::string> device_types;
    std::string dest_dir;   ///< single-file and directory only
    json::object meta_data; ///< for the installer
};

/// A plain file for an installer (docs/operations.md lists what each gets), read once. bad_request says which
/// option or file is wrong; what the destination failed with.
[[nodiscard]] Result<publishing::Publication> publish_file(const std::filesystem::path& file,
                                                           const PlainOptions& plain,
                                                           const publishing::ReleaseOptions& options,
                                                           const publishing::Destination& destination);

/// True when the file begins like a Mender Artifact; false also when it cannot be read.
[[nodiscard]] bool looks_like_artifact(const std::filesystem::path& file);

} // namespace two_path::cli
