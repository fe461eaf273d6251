/// What an HTTP answer means: the plugin's word, or someone else's.
#pragma once

#include "protocol/error.hpp"
#include "update-module/control/https_client.hpp"

#include <initializer_list>
#include <string>

namespace two_path::control {

/// The body of an answer with one of the `wanted` statuses. Else the plugin's own reason; or, when the answer
/// is none of the plugin's: unauthorized (401), unavailable (429, 502 to 504), no_route (404, a page, a
/// redirect), internal.
[[nodiscard]] Result<std::string> body_of(HttpReply reply, std::initializer_list<unsigned> wanted);

} // namespace two_path::control
