#include "ftp/login_failures.hpp"

#include <algorithm>

namespace two_path::ftp {

void LoginFailures::add(const asio::ip::address& peer, Time now) {
    if (limit_ == 0) return;
    if (forgiven_.size() >= max_peers && !forgiven_.contains(peer)) make_place(now);
    auto& forgiven = forgiven_[peer];
    // Full is full: whoever goes on trying is not barred for longer than an attacker who stops.
    forgiven = std::min(std::max(forgiven, now) + age_, now + limit_ * age_);
}

bool LoginFailures::barred(const asio::ip::address& peer, Time now) const {
    const auto found = forgiven_.find(peer);
    return found != forgiven_.end() && found->second > now + (limit_ - 1) * age_;
}

void LoginFailures::make_place(Time now) {
    std::erase_if(forgiven_, [&](const auto& entry) { return entry.second <= now; });
    if (forgiven_.size() < max_peers) return;
    const auto first = std::min_element(forgiven_.begin(), forgiven_.end(),
                                        [](const auto& a, const auto& b) { return a.second < b.second; });
    forgiven_.erase(first);
}

} // namespace two_path::ftp
