/// What the network's thread knows, for the worker to ask.
#pragma once

#include "ftp/server.hpp"
#include "plugin/control/https_server.hpp"
#include "plugin/control/monitoring_api.hpp"

#include <functional>

namespace two_path {

/// Each call hops to the network's thread and back. Both servers must outlive it.
[[nodiscard]] std::function<awaitable<control::NetworkFigures>()>
network_figures(const Executors& executors, const control::HttpsServer& https, const ftp::Server& ftp);

} // namespace two_path
