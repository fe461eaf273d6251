/// Names to addresses within a deadline.
#pragma once

#include "protocol/error.hpp"
#include "update-module/deadline.hpp"

#include <functional>
#include <string>
#include <vector>

namespace two_path::device {

/// The addresses of a host, as text, best first, at most 8; an address is its own. The system's resolver has
/// no deadline, so it runs in a child process that is ended with it. Fails with plugin_unreachable, or with
/// interrupted when this process or `stop` is told so.
[[nodiscard]] Result<std::vector<std::string>> resolve(const std::string& host, Deadline deadline,
                                                       const std::function<bool()>& stop = {});

/// The address with the number of its interface instead of the name (`fe80::1%2`, not `fe80::1%eth0`): a
/// process that may not ask for interfaces understands no other.
[[nodiscard]] std::string with_numeric_scope(const std::string& address);

} // namespace two_path::device
