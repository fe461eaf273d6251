/// What a device is told that has no session: where the second path is, and what is served.
#pragma once

#include "plugin/clock.hpp"
#include "plugin/control/http.hpp"
#include "plugin/host/host.hpp"

#include <cstdint>
#include <string>

namespace two_path::control {

struct ServiceFacts {
    std::string second_path_host; ///< empty: the address under which the device reached the HTTPS server
    std::uint16_t second_path_port{0};
    bool push{false}; ///< is served
};

/// Adds `GET /service` of the device API. `host` must outlive the router's last request.
void add_service_api(Router& router, host::Host& host, Clock clock, ServiceFacts facts);

} // namespace two_path::control
