/// The operator's page at /ui/two-path/: static files from within the program, which work by the APIs alone.
#pragma once

#include "plugin/control/http.hpp"

namespace two_path::control {

/// Adds the page's routes. The files need no token; what they show does.
void add_operator_page(Router& router);

} // namespace two_path::control
