/// The device API: the endpoints of docs/protocol.md's table, over HTTPS.
#pragma once

#include "plugin/control/http.hpp"
#include "plugin/control/sessions.hpp"
#include "plugin/control/update_requests.hpp"
#include "plugin/host/host.hpp"

namespace two_path::control {

/// Adds the routes under messages::device_api. All referred to must outlive the router's last request.
void add_device_api(Router& router, host::Host& host, Sessions& sessions, UpdateRequests& update_requests);

} // namespace two_path::control
