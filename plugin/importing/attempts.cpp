#include "plugin/importing/attempts.hpp"

#include <algorithm>

namespace two_path::importing {

std::chrono::minutes wait_after(std::uint64_t tries) noexcept {
    const auto doublings = std::clamp<std::uint64_t>(tries, 1, 7) - 1;
    return std::chrono::minutes{std::int64_t{10} << doublings};
}

bool may_pass(Errc why) noexcept {
    return why == Errc::unavailable || why == Errc::plugin_unreachable;
}

bool is_due(Errc why, std::uint64_t tries, std::chrono::milliseconds ago) noexcept {
    return may_pass(why) && ago >= wait_after(tries);
}

} // namespace two_path::importing
