/// Which session a request's line in the log is about.
#pragma once

#include "plugin/control/http.hpp"

#include <string>
#include <string_view>

namespace two_path::control {

/// The session that a request is about: what follows `/sessions/` or `/notices/` in a path of either API.
/// Empty where there is none that could be one. Whether there is such a session is not asked.
[[nodiscard]] std::string session_in(std::string_view path);
/// The same, or of a request that opened one that session.
[[nodiscard]] std::string session_of(std::string_view path, const Response& answer);

} // namespace two_path::control
