#include "plugin/control/redeploying.hpp"

#include "plugin/log.hpp"

#include <algorithm>
#include <chrono>

namespace two_path::control {
namespace {

/// A device keeps the blocks of a failed transfer for so long.
constexpr std::chrono::hours worth_it{std::chrono::hours{7 * 24}};

/// What another attempt may get past. Never what somebody on the second path could cause without end, nor
/// what needs a hand: tampered, no_room, ...
bool may_pass(Errc reason) {
    switch (reason) {
    case Errc::time_limit:
    case Errc::truncated:
    case Errc::second_path_unreachable:
    case Errc::plugin_unreachable:
    case Errc::certification_expired:
    case Errc::interrupted:
        return true;
    default:
        return false;
    }
}

/// Before the device began to change itself; also when it was away in a transfer for so long that the
/// session expired. Once the certification is invalidated the session tells no more how far the device came,
/// but the state of the module does that failed.
bool failed_in_transfer(const state::Session& session, std::string_view stage) {
    const bool in_download = stage == "Download" || stage == "DownloadWithFileSizes";
    const bool cut_off = stage == "Cleanup"; // the client was killed, or ended the module
    switch (session.state) {
    case SessionState::certified:
    case SessionState::transferring:
    case SessionState::transferred:
        return in_download || cut_off;
    case SessionState::invalidated:
        return in_download;
    case SessionState::expired:
        return session.reason == Errc::certification_expired && (in_download || cut_off);
    default:
        return false;
    }
}

} // namespace

Redeploying::Redeploying(state::Store& store, host::Host& host, std::uint64_t most)
  : store_(store)
  , host_(host)
  , most_(most) {}

void Redeploying::consider(const state::Session& session, const messages::FailureReport& report) {
    if (most_ == 0 || !may_pass(report.error.code) || !failed_in_transfer(session, report.stage)) return;
    if (store_.redeployment_of(session.id)) return;
    const auto& release = session.request.release;
    const auto before = store_.redeployments(session.device, release);
    std::uint64_t kept = 0;
    for (const auto& one : before)
        kept = std::max(kept, one.kept);
    if (report.kept <= kept) return;
    if (before.size() >= most_) {
        note(session.id, "not ordered again: that was done " + std::to_string(before.size()) + " times");
        return;
    }
    store_.add_redeployment({session.id, session.device, release, session.deployment, report.kept,
                             store_.clock().unix_time(), std::nullopt});
}

void Redeploying::succeeded(const state::Session& session) {
    store_.forget_redeployments(session.device, session.request.release);
}

awaitable<void> Redeploying::order_due() {
    for (auto& due : store_.due_redeployments())
        co_await order(std::move(due));
}

awaitable<void> Redeploying::order(state::Redeployment due) {
    const auto so_far = store_.redeployments(due.device, due.release);
    const auto which = std::to_string(so_far.size()) + " of " + std::to_string(most_);
    host::UpdateOrder again;
    again.device = due.device;
    again.releases = {due.release};
    again.name = "again after a failed transfer, " + which;
    again.repeats = due.failed;
    const auto ordered = co_await host_.order(std::move(again));
    if (ordered) {
        store_.redeployed(due.session, ordered->deployment);
        note(due.session, "ordered again, " + which + ": deployment " + ordered->deployment);
        log_of(Level::notice, due.session,
               "release " + due.release + " is ordered again for device " + due.device +
                   ", whose transfer failed: deployment " + ordered->deployment);
        co_return;
    }
    const bool may_wait =
        store_.clock().unix_time() - due.since < std::chrono::milliseconds(worth_it).count();
    if (ordered.error().code == Errc::unavailable && may_wait) co_return;
    store_.remove_redeployment(due.session);
    note(due.session, "not ordered again: " + ordered.error().detail);
}

void Redeploying::note(const std::string& session, const std::string& what) {
    auto found = store_.session(session);
    if (found) store_.note(*found, "redeploy", "plugin", what);
}

} // namespace two_path::control
