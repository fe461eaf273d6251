/// Updates that the plugin orders for one device.
#pragma once

#include "plugin/host/embedded/parts.hpp"

namespace two_path::host::embedded {

/// As Host::order(). The device's type, and what it runs, are what its inventory says.
[[nodiscard]] Result<OrderedUpdate> order_update(Parts& parts, const UpdateOrder& order);

} // namespace two_path::host::embedded
