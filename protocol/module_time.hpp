/// How long an update module has for its work: the Mender client ends it after `ModuleTimeoutSeconds`.
#pragma once

#include <algorithm>
#include <chrono>

namespace two_path {

/// The module ends itself so long before, to keep what it has and to say why.
inline constexpr std::chrono::seconds module_time_reserve{60};

/// What is left of the client's limit for work; of a short limit at least half.
[[nodiscard]] constexpr std::chrono::seconds module_time(std::chrono::seconds limit) noexcept {
    return std::max(limit - module_time_reserve, limit / 2);
}

} // namespace two_path
