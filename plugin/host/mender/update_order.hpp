/// A deployment of one release to one device, made or found.
#pragma once

#include "plugin/host/host.hpp"
#include "plugin/host/mender/management.hpp"

namespace two_path::host::mender {

/// Host::order().
awaitable<Result<OrderedUpdate>> order_update(Management& management, UpdateOrder order);

} // namespace two_path::host::mender
