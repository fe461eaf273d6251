/// Artifacts go: their rows, then their files.
#pragma once

#include "plugin/host/embedded/artifacts.hpp"
#include "plugin/host/embedded/parts.hpp"

namespace two_path::host::embedded {

/// All or none. A file that cannot be removed goes with the next start; the log says so.
void remove_with_files(Parts& parts, const std::vector<StoredArtifact>& artifacts);

} // namespace two_path::host::embedded
