#include "plugin/control/retention.hpp"

#include "plugin/log.hpp"

#include <algorithm>

namespace two_path::control {
namespace {

constexpr std::chrono::hours between_rounds{1};
/// While much is left: the worker has others to serve.
constexpr std::chrono::seconds between_full_rounds{1};
constexpr std::uint64_t sessions_in_a_round = 200;
constexpr std::chrono::hours one_day{24};

std::int64_t in_milliseconds(std::chrono::milliseconds time) {
    return time.count();
}

} // namespace

Retention::Retention(Executors executors, state::Store& store, const catalog::Payloads& payloads,
                     RetentionRules rules)
  : store_(store)
  , payloads_(payloads)
  , rules_(rules)
  , timer_(executors.worker) {}

awaitable<void> Retention::run() {
    while (!stopping_) {
        const bool more = tidy();
        more ? timer_.expires_after(between_full_rounds) : timer_.expires_after(between_rounds);
        boost::system::error_code ec;
        co_await timer_.async_wait(into(ec));
    }
}

void Retention::stop() {
    stopping_ = true;
    timer_.cancel();
}

bool Retention::tidy() {
    const auto now = store_.clock().unix_time();
    for (const auto& payload : unused_since(now - in_milliseconds(rules_.unused)))
        static_cast<void>(remove(payload, "no release has had it for long"));
    const auto forgotten =
        store_.forget_sessions({now - in_milliseconds(rules_.sessions), now - in_milliseconds(one_day),
                                rules_.most_sessions, sessions_in_a_round});
    if (forgotten > 0)
        log(Level::info, std::to_string(forgotten) + " old sessions and their events were forgotten");
    return forgotten == sessions_in_a_round;
}

/// Oldest first.
std::vector<catalog::Payload> Retention::unused_since(std::int64_t time) {
    auto all = payloads_.list();
    if (!all) {
        log(Level::warning, all.error().detail);
        return {};
    }
    std::erase_if(*all, [&](const catalog::Payload& payload) {
        return payload.stored >= time || !store_.releases_with(payload.id).empty();
    });
    std::ranges::sort(*all, {}, &catalog::Payload::stored);
    return std::move(*all);
}

/// Not when it was stored again just now. False: it is still there.
bool Retention::remove(const catalog::Payload& payload, const char* why) {
    const auto removed = payloads_.remove_stored_before(payload.id, payload.stored + 1);
    if (!removed) log(Level::warning, removed.error().message());
    if (!removed || !*removed) return false;
    log(Level::notice,
        "removed payload " + payload.id + " of " + std::to_string(payload.size) + " bytes: " + why);
    return true;
}

/// What all payloads have, once what nobody needs made room as far as it must.
Result<void> Retention::look() {
    const auto all = payloads_.list();
    if (!all) return all.error();
    std::uint64_t used = 0;
    for (const auto& payload : *all)
        used += payload.size;
    if (used + on_their_way_ > rules_.payload_quota)
        for (const auto& payload : unused_since(store_.clock().unix_time() - in_milliseconds(publication))) {
            if (remove(payload, "no release has it, and the quota is reached")) used -= payload.size;
            if (used + on_their_way_ <= rules_.payload_quota) break;
        }
    free_ = used < rules_.payload_quota ? rules_.payload_quota - used : 0;
    return {};
}

Error Retention::no_room_left() const {
    const auto used = rules_.payload_quota - free_;
    return fail(Errc::no_room, "the payloads have " + std::to_string(used) + " bytes, " +
                                   std::to_string(on_their_way_) + " are on their way, [retention] " +
                                   "payload_quota_mib allows " + std::to_string(rules_.payload_quota) +
                                   "; remove releases that nobody needs");
}

Retention::Intake::Intake(Retention& retention, std::string_view expected)
  : retention_(retention)
  , stored_(expected.empty() ? 0 : retention.payloads_.size_of(expected).value_or(0)) {}

Retention::Intake::~Intake() {
    retention_.on_their_way_ -= counted_;
    // It may be stored now: the next one looks.
    retention_.free_ = 0;
}

Result<void> Retention::Intake::take(std::uint64_t more) {
    if (retention_.rules_.payload_quota == 0) return {};
    taken_ += more;
    const auto counted = taken_ - std::min(taken_, stored_);
    retention_.on_their_way_ += counted - counted_;
    counted_ = counted;
    if (retention_.on_their_way_ <= retention_.free_) return {};
    if (auto looked = retention_.look(); !looked) return looked;
    if (counted == 0 || retention_.on_their_way_ <= retention_.free_) return {};
    return retention_.no_room_left();
}

} // namespace two_path::control
