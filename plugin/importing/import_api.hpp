/// The operator API's imports: begun, and looked at until they have ended.
#pragma once

#include "plugin/control/http.hpp"
#include "plugin/host/host.hpp"

namespace two_path::importing {

class Imports;

/// Adds `POST imports` (`{"release", ...options}`, `202`), `GET imports` and `GET imports/{release}`; both
/// must outlive the router's last request. `imports` null: the framework is no Mender server; an order is
/// answered unsupported, and there are none.
void add_import_api(control::Router& router, host::Host& host, Imports* imports);

} // namespace two_path::importing
