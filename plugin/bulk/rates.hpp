/// How fast the second path may be.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace two_path::bulk {

/// Bytes per second; 0: no limit. Held by the kernel's pacing of each connection.
struct Rates {
    std::uint64_t all{0};     ///< of all sessions together, shared evenly
    std::uint64_t session{0}; ///< of each

    /// What one of `sessions` gets; at least 1 where there is a limit.
    [[nodiscard]] std::uint64_t each(std::size_t sessions) const noexcept {
        if (all == 0) return session;
        const auto part = std::max<std::uint64_t>(all / std::max<std::size_t>(sessions, 1), 1);
        return session == 0 ? part : std::min(part, session);
    }
};

} // namespace two_path::bulk
