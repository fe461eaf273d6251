/// One text for each JSON value, so that equal ones can be told.
#pragma once

#include "protocol/json.hpp"

#include <string>

namespace two_path::host::embedded {

/// Without spaces, keys sorted on every level. The value's depth is the caller's to bound.
[[nodiscard]] std::string canonical(const json::value& value);

} // namespace two_path::host::embedded
