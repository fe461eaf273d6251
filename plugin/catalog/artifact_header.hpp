/// An artifact's `header.tar`: what the payload is, whom it fits, and its state scripts.
#pragma once

#include "plugin/catalog/artifact.hpp"

#include <string>

namespace two_path::catalog {

/// Bytes of a header, packed and unpacked.
inline constexpr std::size_t max_header = 4 * 1024 * 1024;

/// Reads the member `name` (`header.tar.gz`, ...) with content `bytes` into `artifact`. bad_request: the
/// detail says where; unsupported, by name: several payloads, no payload.
[[nodiscard]] Result<void> read_header(const std::string& name, std::string_view bytes, Artifact& artifact);

} // namespace two_path::catalog
