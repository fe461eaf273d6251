/// The plugin's figures in Prometheus's text format, version 0.0.4.
#pragma once

#include "plugin/control/monitoring_api.hpp"

#include <cstdint>
#include <string>

namespace two_path::control {

/// For the worker. `started`: of the plugin, UNIX ms.
[[nodiscard]] std::string metrics_text(const MonitoringContext& context, const NetworkFigures& network,
                                       std::int64_t started);

} // namespace two_path::control
