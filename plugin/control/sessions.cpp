#include "plugin/control/sessions.hpp"

#include "plugin/control/one_line.hpp"
#include "plugin/control/opening.hpp"
#include "plugin/control/turns.hpp"
#include "plugin/log.hpp"

#include <algorithm>

namespace two_path::control {
namespace {

/// Between two requests of a device whose bulk goes over HTTPS; ms.
constexpr std::int64_t fallback_silence = 60'000;
/// A transfer without a byte takes nobody's turn: its device may have lost its power.
constexpr std::chrono::minutes rest{5};

/// Before the device begins to change itself: a newer attempt takes the place of such a session.
bool is_replaceable(SessionState state) noexcept {
    return state == SessionState::opened || may_transfer(state) || state == SessionState::transferred ||
           state == SessionState::invalidated;
}

/// The comparison is not over: an abort still changes what becomes of the device.
bool is_abortable(SessionState state) noexcept {
    return is_replaceable(state) || state == SessionState::installed || state == SessionState::restarted;
}

/// Of a request that is_served(): the device's own, where it is the issuer (claim C2), else a new one (C1).
Certification first_certification(messages::OpenRequest& request) {
    if (!request.certification) return Certification::make();
    const auto issued = Certification::parse(*request.certification);
    wipe(*request.certification);
    return *issued;
}

} // namespace

Error why_ended(const state::Session& session) {
    auto code = Errc::out_of_order;
    std::string detail = "the session is `" + std::string(name_of(session.state)) + "`";
    if (session.reason) {
        const auto reason = *session.reason;
        if (reason == Errc::aborted || reason == Errc::superseded || reason == Errc::expired ||
            reason == Errc::certification_expired)
            code = reason;
        else
            detail.append(": ").append(info(reason).reason);
    }
    return fail(code, std::move(detail));
}

Sessions::Sessions(state::Store& store, state::Admission& admission, const catalog::Payloads& payloads,
                   host::Host& host, SessionRules rules)
  : store_(store)
  , admission_(admission)
  , payloads_(payloads)
  , host_(host)
  , rules_(std::move(rules))
  , redeploying_(store, host, rules_.redeploy) {}

awaitable<Result<messages::OpenReply>> Sessions::open(std::string device, messages::OpenRequest request,
                                                      ClientAddresses reached) {
    if (const auto known = store_.session_of_attempt(device, request.attempt))
        co_return again(*known, request, reached);
    if (const auto served = is_served(request); !served) co_return served.error();
    if (const auto may = check_receiver(request, reached); !may) co_return may.error();
    const auto deployment = co_await host_.active_deployment(device);
    if (!deployment) co_return deployment.error();
    // The same request, repeated while the host was asked.
    if (const auto known = store_.session_of_attempt(device, request.attempt))
        co_return again(*known, request, reached);
    const auto release = release_for(*deployment, request, store_, payloads_);
    if (!release) co_return release.error();
    if (const auto turn = check_turn(device, (*deployment)->group); !turn) {
        note_wait(device, request, turn.error());
        co_return turn.error();
    }

    waiting_.erase(device);
    supersede(device);
    const auto certification = first_certification(request);
    auto session = new_session(device, (*deployment)->id, *release, std::move(request));
    store_.open_session(session, certification, expiry_of_first_login());
    co_return reply(session, certification, reached);
}

Result<void> Sessions::in_hours(const std::string& group) const {
    const auto now = static_cast<std::time_t>(store_.clock().unix_time() / 1000);
    return check_hours(turns_, group, minute_of_day(now));
}

/// There is no session yet that would show it. Once for each attempt: the device asks again and again.
void Sessions::note_wait(const std::string& device, const messages::OpenRequest& request, const Error& why) {
    auto& attempt = waiting_[device];
    if (attempt == request.attempt) return;
    attempt = request.attempt;
    log(Level::notice, "device " + device + " waits for its turn with release " +
                           one_line(request.release, name_limit) + ": " + why.detail);
}

Result<void> Sessions::check_receiver(const messages::OpenRequest& request,
                                      const ClientAddresses& reached) const {
    if (request.mode != Mode::push) return {};
    if (!rules_.push.served) return may_push_to(request.receiver, rules_.push, reached, {});
    const auto own = own_addresses();
    if (!own) return own.error();
    return may_push_to(request.receiver, rules_.push, reached, *own);
}

Result<void> Sessions::check_turn(const std::string& device, const std::string& group) const {
    if (auto hours = in_hours(group); !hours) return hours;
    if (turns_.most_transfers == 0) return {};
    const auto beside = store_.transferring_beside(device);
    const auto moving = std::ranges::count_if(
        beside, [this](const std::string& session) { return !admission_.rests(session, rest); });
    return check_room(turns_, static_cast<std::size_t>(moving));
}

std::int64_t Sessions::expiry_of_first_login() const {
    return store_.clock().unix_time() + std::chrono::milliseconds(admission_.lifetimes().first_login).count();
}

Result<messages::OpenReply> Sessions::again(const state::Session& session,
                                            const messages::OpenRequest& request,
                                            const ClientAddresses& reached) {
    if (session.request.release != request.release)
        return fail(Errc::conflict, "this attempt was opened for release " + session.request.release);
    const auto stored = store_.certification(session.id);
    if (!stored || !lives(session))
        return fail(Errc::certification_invalid, why_ended(session).detail + "; open with a new attempt");
    if (request.certification && !stored->certification.is(*request.certification))
        return fail(Errc::conflict, "this attempt was opened with another certification");
    if (session.request.mode != request.mode || session.request.receiver != request.receiver)
        return fail(Errc::conflict, "this attempt was opened for another mode or receiver");
    return reply(session, stored->certification, reached);
}

bool Sessions::lives(const state::Session& session) const {
    if (session.state != SessionState::opened) return admission_.find(session.id) != nullptr;
    const auto stored = store_.certification(session.id);
    return stored && stored->expires > store_.clock().unix_time();
}

std::uint64_t Sessions::expires_in(const state::Session& session) const {
    if (session.state != SessionState::opened) return admission_.expires_in(session.id);
    const auto stored = store_.certification(session.id);
    const auto left = stored ? stored->expires - store_.clock().unix_time() : 0;
    return left > 0 ? static_cast<std::uint64_t>(left) / 1000 : 0;
}

messages::OpenReply Sessions::reply(const state::Session& session, const Certification& certification,
                                    const ClientAddresses& reached) const {
    messages::OpenReply reply;
    reply.protocol = session.request.protocol;
    reply.session = session.id;
    if (session.request.issuer == Issuer::plugin) reply.certification = certification.text();
    reply.expires_in = expires_in(session);
    reply.mode = session.request.mode;
    if (const auto& receiver = session.request.receiver) {
        reply.host = receiver->host;
        reply.port = receiver->port;
        reply.push_from = push_from(rules_.push, reached);
        return reply;
    }
    reply.host = rules_.second_path_host.empty() ? reached.local.to_string() : rules_.second_path_host;
    reply.port = rules_.second_path_port;
    return reply;
}

void Sessions::supersede(const std::string& device) {
    for (auto& session : store_.unfinished(device))
        if (is_replaceable(session.state))
            end(session, SessionStep::failed, Errc::superseded, "device",
                "the device opened another session");
}

Result<state::Session> Sessions::find(const std::string& device, const std::string& session) const {
    auto found = is_nonce(session) ? store_.session(session) : std::nullopt;
    if (!found || found->device != device) return fail(Errc::not_found, "no session of this device");
    return std::move(*found);
}

Result<void> Sessions::step(state::Session& session, SessionStep step, std::string_view cause,
                            std::string_view detail) {
    if (is_final(session.state) && !next_state(session.state, step)) return why_ended(session);
    const auto taken = store_.take(session, step, cause, detail);
    if (!taken) return taken.error();
    if (*taken && !may_transfer(session.state))
        admission_.revoke(session.id, "The session is " + std::string(name_of(session.state)) + ".");
    return {};
}

void Sessions::end(state::Session& session, SessionStep step, Errc reason, std::string_view cause,
                   std::string detail) {
    session.reason = reason;
    session.detail = std::move(detail);
    const auto ended = this->step(session, step, cause, session.detail);
    static_cast<void>(ended); // it had ended already: the first reason stands
}

Result<void> Sessions::stored(const std::string& device, const std::string& session) {
    auto found = find(device, session);
    if (!found) return found.error();
    if (found->state == SessionState::opened && !lives(*found)) {
        end(*found, SessionStep::expired, Errc::certification_expired, "plugin",
            "the device did not store it");
        return why_ended(*found);
    }
    if (auto taken = step(*found, SessionStep::stored, "device", {}); !taken) return taken.error();
    admission_.admit(*found);
    return {};
}

Result<void> Sessions::transferred(const std::string& device, const std::string& session,
                                   const messages::TransferReport& report) {
    auto found = find(device, session);
    if (!found) return found.error();
    if (report.bytes < found->total)
        return fail(Errc::bad_request, "transfer: " + std::to_string(report.bytes) + " of " +
                                           std::to_string(found->total) + " bytes");
    found->transfer = report;
    found->transfer->digest = one_line(report.digest, name_limit);
    found->transfer->path = one_line(report.path, name_limit);
    return step(*found, SessionStep::transferred, "device", found->transfer->path);
}

Result<void> Sessions::invalidated(const std::string& device, const std::string& session) {
    auto found = find(device, session);
    if (!found) return found.error();
    return step(*found, SessionStep::invalidated, "device", {});
}

Result<void> Sessions::progress(const std::string& device, const std::string& session,
                                const messages::Progress& progress) {
    auto found = find(device, session);
    if (!found) return found.error();
    if (progress.step == SessionStep::installed) return step(*found, progress.step, "device", {});
    if (progress.step == SessionStep::rolled_back) return rolled_back(*found);
    std::string detail;
    if (found->state == SessionState::installed || found->state == SessionState::restarted) {
        if (!found->version_check)
            detail = "version not checked";
        else if (progress.compared_offline)
            detail = "the device compared the version itself while the plugin was away";
        else
            return fail(Errc::out_of_order, "`committed` before the version was confirmed");
    }
    auto taken = step(*found, progress.step, "device", detail);
    if (taken) redeploying_.succeeded(*found);
    return taken;
}

Result<void> Sessions::rolled_back(state::Session& session) {
    if (is_final(session.state) && next_state(session.state, SessionStep::rolled_back)) {
        store_.note(session, name_of(SessionStep::rolled_back), "device", {});
        return {};
    }
    // What made it go back says more than that it went back.
    if (!session.reason) session.reason = Errc::rolled_back;
    return step(session, SessionStep::rolled_back, "device", {});
}

Result<void> Sessions::failed(const std::string& device, const std::string& session,
                              const messages::FailureReport& report) {
    auto found = find(device, session);
    if (!found) return found.error();
    const auto next = next_state(found->state, SessionStep::failed);
    if (!next) return why_ended(*found);
    redeploying_.consider(*found, report);
    if (report.error.code == Errc::tampered) on_tampered_(found->request.release);
    const auto stage = one_line(report.stage, name_limit);
    auto detail = one_line(report.error.detail);
    if (*next == found->state) {
        store_.note(*found, name_of(SessionStep::failed), "device",
                    stage + ": " + one_line(Error{report.error.code, detail}.message()));
        return {};
    }
    found->stage = stage;
    found->reason = report.error.code;
    found->detail = std::move(detail);
    return step(*found, SessionStep::failed, "device", stage + ": " + found->detail);
}

Result<messages::SessionStatus> Sessions::status(const std::string& device, const std::string& session) {
    const auto found = find(device, session);
    if (!found) return found.error();
    return messages::SessionStatus{found->state, found->reason, expires_in(*found)};
}

/// True for one that begins. Who is through, or has not asked for a while, does so no more.
Result<bool> Sessions::count_fallback(const std::string& session) {
    const auto now = store_.clock().steady();
    std::erase_if(fallbacks_, [&](const auto& entry) {
        return now - entry.second > fallback_silence || admission_.find(entry.first) == nullptr;
    });
    const bool begins = !fallbacks_.contains(session);
    if (begins && fallbacks_.size() >= turns_.most_fallbacks)
        return fail(Errc::busy,
                    "the bulk of " + std::to_string(fallbacks_.size()) + " sessions goes over HTTPS now");
    fallbacks_[session] = now;
    return begins;
}

Result<catalog::OpenPayload> Sessions::fall_back(const std::string& device, const std::string& session,
                                                 const std::string& file) {
    auto found = find(device, session);
    if (!found) return found.error();
    if (turns_.most_fallbacks == 0)
        return fail(Errc::forbidden, "the bulk over HTTPS; `session.fallback` is `fail`");
    const auto* pass = admission_.find(session);
    if (pass == nullptr) return why_ended(*found);
    if (pass->file(file) == nullptr) return fail(Errc::payload_refused, "no file of this session's release");
    auto payload = payloads_.open_payload(file);
    if (!payload) return payload;
    const auto begins = count_fallback(session);
    if (!begins) return begins.error();
    if (!admission_.login(session, "HTTPS")) return why_ended(*found);
    found = find(device, session);
    if (*begins) store_.note(*found, fallback_note, "device", "the bulk goes over HTTPS");
    return payload;
}

Result<void> Sessions::abort(const std::string& session, const std::string& by) {
    auto found = is_nonce(session) ? store_.session(session) : std::nullopt;
    if (!found) return fail(Errc::not_found, "no such session");
    if (is_final(found->state)) return why_ended(*found);
    end(*found, SessionStep::aborted, Errc::aborted, "operator", "by " + one_line(by, name_limit));
    return {};
}

void Sessions::expire() {
    for (const auto& id : admission_.expired())
        if (auto session = store_.session(id))
            end(*session, SessionStep::expired, Errc::certification_expired, "plugin",
                "nothing crossed the second path in time");
    const auto oldest =
        store_.clock().unix_time() - std::chrono::milliseconds(rules_.abandoned_after).count();
    for (auto& session : store_.overdue(oldest)) {
        if (session.state == SessionState::opened && !lives(session))
            end(session, SessionStep::expired, Errc::certification_expired, "plugin",
                "the device did not say that it stored it");
        // One without a certification is from a backup, which holds none.
        else if (session.changed < oldest && (!may_transfer(session.state) || !lives(session)))
            end(session, SessionStep::expired, session.reason.value_or(Errc::expired), "plugin",
                session.detail.empty() ? "no news from the device" : session.detail);
    }
}

awaitable<void> Sessions::poll_host() {
    co_await end_aborted();
    co_await redeploying_.order_due();
}

awaitable<void> Sessions::end_aborted() {
    std::vector<host::DeviceDeployment> running;
    for (auto& part : store_.unfinished_parts())
        if (is_abortable(part.state)) running.push_back({std::move(part.deployment), std::move(part.device)});
    if (running.empty()) co_return;
    const auto ended = co_await host_.ended(std::move(running));
    if (!ended) co_return; // asked again at the next poll
    for (const auto& over : *ended)
        for (auto& session : store_.unfinished(over.part.device))
            if (session.deployment == over.part.deployment && is_abortable(session.state))
                end(session, SessionStep::aborted, Errc::aborted, "host", over.why);
}

} // namespace two_path::control
