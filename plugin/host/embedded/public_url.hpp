/// How devices reach this host: the beginning of the links given to them.
#pragma once

#include "plugin/control/http.hpp"
#include "plugin/host/embedded/parts.hpp"

#include <string>

namespace two_path::host::embedded {

/// The configured URL, or `https://` and the request's Host; without a slash at its end. bad_request when it
/// is not configured and the Host is missing or malformed.
[[nodiscard]] Result<std::string> public_url(const Parts& parts, const control::Request& request);

} // namespace two_path::host::embedded
