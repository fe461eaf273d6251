/// Which deployments were taken from the devices that still work on them.
#pragma once

#include "plugin/host/host.hpp"
#include "plugin/host/mender/management.hpp"

#include <vector>

namespace two_path::host::mender {

/// Host::ended(): two questions for each hundred sessions that run, and more only for deployments that were
/// taken from some device. unavailable when one is not answered.
awaitable<Result<std::vector<EndedDeployment>>> ended(Management& management,
                                                      std::vector<DeviceDeployment> asked);

} // namespace two_path::host::mender
