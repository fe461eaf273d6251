#include "plugin/bulk/pacing.hpp"

#include <utility>

namespace two_path::bulk {

void Pacing::change(Rates rates) {
    rates_ = rates;
    share_anew();
}

void Pacing::join(const void* who, Pace pace) {
    const auto& joined = connections_.insert_or_assign(who, std::move(pace)).first->second;
    joined(rates_.each(connections_.size()));
    share();
}

void Pacing::leave(const void* who) {
    if (connections_.erase(who) != 0) share();
}

/// Not at every login of many: a share that is a tenth off is good enough, and cheaper.
void Pacing::share() {
    const auto now = connections_.size();
    const auto off = now > shared_by_ ? now - shared_by_ : shared_by_ - now;
    if (rates_.all != 0 && off * 10 > shared_by_) share_anew();
}

void Pacing::share_anew() {
    shared_by_ = connections_.size();
    const auto rate = rates_.each(shared_by_);
    for (const auto& [who, pace] : connections_)
        pace(rate);
}

} // namespace two_path::bulk
