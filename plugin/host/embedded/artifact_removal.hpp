/// An artifact goes: its row, then its file.
#pragma once

#include "plugin/host/embedded/artifacts.hpp"
#include "plugin/host/embedded/parts.hpp"

namespace two_path::host::embedded {

/// A file that cannot be removed goes with the next start; the log says so.
void remove_with_file(Parts& parts, const StoredArtifact& artifact);

} // namespace two_path::host::embedded
