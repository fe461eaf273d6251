/// Mender Artifacts, format 3: what a reader learns of one (Mender's artifact-format-v3.md).
#pragma once

#include "protocol/json.hpp"

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

namespace two_path::catalog {

/// A member of `data/0000.tar`.
struct ArtifactFile {
    std::string name;
    std::uint64_t size{0};    ///< bytes
    std::string sha256;       ///< hex, checked against the manifest
    std::int64_t modified{0}; ///< UNIX seconds
};

/// A state script that travels in the artifact's header.
struct StateScript {
    std::string name;
    std::string content;
};

/// What an artifact says of itself. JSON as in its header, names as Mender's API has them.
struct Artifact {
    std::string name;
    std::string group; ///< empty: none
    std::vector<std::string> device_types;
    std::string payload_type; ///< of its one payload
    json::object provides;    ///< header-info's and type-info's, flat
    json::object depends;     ///< header-info's (with device_type) and type-info's
    std::vector<std::string> clears_provides;
    bool has_clears{false};
    json::object type_info; ///< `headers/0000/type-info`, whole
    json::object meta_data; ///< `headers/0000/meta-data`; empty when there is none
    std::vector<StateScript> scripts;
    std::vector<ArtifactFile> files;
    bool is_signed{false};
    std::string manifest;  ///< the signed bytes
    std::string signature; ///< base64; empty when unsigned
    std::uint64_t size{0}; ///< bytes of the whole .mender
};

/// Reads up to the span's size; 0 at the end.
using ByteSource = std::function<Result<std::size_t>(std::span<std::uint8_t>)>;

/// Reads one artifact in a single pass and checks every checksum of its manifest.
/// bad_request: not a Mender Artifact, or damaged (the detail says where); unsupported, by name: format 2,
/// several payloads, augmented headers. Bounds: header 4 MiB, 1024 files.
[[nodiscard]] Result<Artifact> read_artifact(const ByteSource& source);

/// A source over an open file descriptor, which must outlive it; reads from its position.
[[nodiscard]] ByteSource file_source(int descriptor);

} // namespace two_path::catalog
