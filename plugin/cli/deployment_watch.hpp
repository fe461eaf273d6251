/// A deployment of Mender's, looked at until it has ended.
#pragma once

#include "plugin/cli/server.hpp"

#include <cstdint>
#include <string>

namespace two_path::cli {

/// `statistics.status` of a deployment in few words: `1 success, 2 downloading`.
[[nodiscard]] std::string counts_of(const json::object& deployment);

/// Notes each change of the counts; gives the deployment when it is `finished`. unavailable after `seconds`.
[[nodiscard]] Result<json::object> wait_for_end(const Server& server, const std::string& deployment,
                                                std::uint64_t seconds, const Shell& shell);

/// 0 when every device ended in `success` or had the release already, else 1.
[[nodiscard]] int exit_code_of(const json::object& deployment);

} // namespace two_path::cli
