/// An artifact as Mender's management API describes it.
#pragma once

#include "plugin/catalog/artifact.hpp"
#include "plugin/host/embedded/artifacts.hpp"
#include "protocol/json.hpp"

#include <cstdint>

namespace two_path::host::embedded {

/// Mender's `Artifact` object. `metadata` holds the payload's meta-data as it is; `now` is UNIX milliseconds.
[[nodiscard]] json::object document_of(const catalog::Artifact& artifact, const Upload& upload,
                                       std::int64_t now);

} // namespace two_path::host::embedded
