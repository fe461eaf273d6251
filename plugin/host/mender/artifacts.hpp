/// The artifacts that a Mender server keeps.
#pragma once

#include "plugin/host/host.hpp"
#include "plugin/host/mender/management.hpp"

#include <vector>

namespace two_path::host::mender {

/// Host::artifacts().
awaitable<Result<std::vector<KeptArtifact>>> two_path_artifacts(Management& management);

} // namespace two_path::host::mender
