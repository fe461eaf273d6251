#include "plugin/control/retention.hpp"

#include "plugin/log.hpp"

#include <algorithm>
#include <limits>

namespace two_path::control {
namespace {

constexpr std::chrono::hours between_rounds{1};
/// While much is left: the worker has others to serve.
constexpr std::chrono::seconds soon{1};
constexpr std::uint64_t sessions_in_a_round = 200;
constexpr std::chrono::hours day{24};

std::int64_t milliseconds(std::chrono::milliseconds time) {
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
        more ? timer_.expires_after(soon) : timer_.expires_after(between_rounds);
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
    for (const auto& payload : unused_since(now - milliseconds(rules_.unused)))
        static_cast<void>(remove(payload, "no release has had it for long"));
    const auto forgotten =
        store_.forget_sessions({now - milliseconds(rules_.sessions), now - milliseconds(day),
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

Result<std::uint64_t> Retention::room() {
    if (rules_.payload_quota == 0) return std::numeric_limits<std::uint64_t>::max();
    const auto all = payloads_.list();
    if (!all) return all.error();
    std::uint64_t used = 0;
    for (const auto& payload : *all)
        used += payload.size;
    if (used >= rules_.payload_quota)
        for (const auto& payload : unused_since(store_.clock().unix_time() - milliseconds(publication))) {
            if (remove(payload, "no release has it, and the quota is reached")) used -= payload.size;
            if (used < rules_.payload_quota) break;
        }
    if (used < rules_.payload_quota) return rules_.payload_quota - used;
    return fail(Errc::no_room,
                "the payloads have " + std::to_string(used) + " bytes, [retention] payload_quota_mib " +
                    "allows " + std::to_string(rules_.payload_quota) + "; remove releases that nobody needs");
}

} // namespace two_path::control
