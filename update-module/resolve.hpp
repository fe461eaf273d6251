/// Names to addresses within a deadline.
#pragma once

#include "protocol/error.hpp"
#include "update-module/deadline.hpp"

#include <string>
#include <vector>

namespace two_path::device {

/// The addresses of a host, as text, best first, at most 8; an address is its own. The system's resolver has
/// no deadline, so it runs in a child process that is ended with it. Fails with plugin_unreachable.
[[nodiscard]] Result<std::vector<std::string>> resolve(const std::string& host, Deadline deadline);

} // namespace two_path::device
