#include "plugin/rate_limiter.hpp"

#include <algorithm>

namespace two_path {

std::int64_t RateLimiter::admit(const std::string& key, std::int64_t now) {
    const auto known = full_again_.find(key);
    const auto from = known == full_again_.end() ? now : std::max(known->second, now);
    const auto used = from - now + interval_;
    if (used > burst_ * interval_) return (used - burst_ * interval_ + 999) / 1000;
    if (known == full_again_.end()) make_room(now);
    full_again_[key] = from + interval_;
    return 0;
}

void RateLimiter::give_back(const std::string& key) {
    const auto known = full_again_.find(key);
    if (known != full_again_.end()) known->second -= interval_;
}

void RateLimiter::make_room(std::int64_t now) {
    if (full_again_.size() < max_keys) return;
    std::erase_if(full_again_, [now](const auto& entry) { return entry.second <= now; });
    if (full_again_.size() < max_keys) return;
    full_again_.erase(std::min_element(full_again_.begin(), full_again_.end(),
                                       [](const auto& a, const auto& b) { return a.second < b.second; }));
}

} // namespace two_path
