#include "update-module/bulk/receive_pushed.hpp"

#include "update-module/bulk/block_intake.hpp"
#include "update-module/bulk/push_listener.hpp"

#include <algorithm>
#include <map>
#include <utility>

namespace two_path::bulk {
namespace {

using Kind = Setback::Kind;

constexpr std::size_t most_logins = 64;
constexpr int most_at_once = 256;              ///< events, between two looks at the data
constexpr milliseconds last_reply_time{2'000}; ///< for the reply to the last file to arrive
constexpr milliseconds between_asking{5'000};

class PushedTransfer {
  public:
    PushedTransfer(ConnectionHelper& helper, const PushPath& path, Payloads payloads,
                   const ReceiveOptions& options, const ReceiveCallbacks& callbacks)
      : helper_(helper)
      , path_(path)
      , options_(options)
      , callbacks_(callbacks)
      , patience_{options.deadline,     options.connect_time,
                  options.silence_time, [this] { return look_aside(); },
                  options.rate,         options.min_rate,
                  options.stall_time}
      , intake_("second path " + path.name(), payloads, callbacks)
      , pause_(options.first_pause)
      , stalled_(Deadline::in(options.stall_time)) {}

    Reception run() {
        auto error = take_all();
        helper_.end_worker();
        return intake_.end(std::move(error), helper_.cpu_seconds());
    }

  private:
    std::optional<Error> take_all();
    std::optional<Error> serve();
    milliseconds pass_on();
    std::optional<Error> why_to_end();
    Error stalled_error();
    void answer(const ListenerEvent& event);
    void challenge(const ListenerEvent& event);
    void compare(const ListenerEvent& event);
    void tell_size(const ListenerEvent& event);
    void allow(const ListenerEvent& event);
    void take(const ListenerEvent& event);
    void confirm(const ListenerEvent& event, Payload& payload, std::uint64_t bytes);
    void gone(const ListenerEvent& event);
    bool look_aside();
    void say_goodbye();
    [[nodiscard]] bool stops() const { return callbacks_.interrupted && callbacks_.interrupted(); }
    Payload* find(const ListenerEvent& event);

    ConnectionHelper& helper_;
    const PushPath& path_;
    const ReceiveOptions& options_;
    const ReceiveCallbacks& callbacks_;
    const Patience patience_;
    BlockIntake intake_;

    std::optional<PushListener> listener_;
    std::map<std::uint32_t, Login> logins_; ///< by visitor: challenged, and not yet answered
    std::uint32_t visitor_{0};              ///< who proved itself last; 0: nobody now
    bool reading_{false};                   ///< a data connection
    bool child_gone_{false};
    bool logged_in_{false};     ///< somebody proved itself
    bool sent_{false};          ///< and sent bytes
    bool mismatched_{false};    ///< somebody could not prove itself; the plugin may still come
    std::string cannot_listen_; ///< why; empty: it can
    milliseconds pause_;
    std::uint64_t progress_{0}; ///< verified bytes at the last look
    Deadline stalled_;
    Deadline ask_again_{Deadline::in(milliseconds(0))};
    std::optional<Error> refused_; ///< by the first path, or by the disk
};

std::optional<Error> PushedTransfer::take_all() {
    while (!intake_.complete()) {
        if (auto error = serve()) return error;
    }
    if (refused_) return refused_; // the last file is not on the disk
    say_goodbye();
    return std::nullopt;
}

/// With one child, until all is here, the child is gone, or there is a reason to end.
std::optional<Error> PushedTransfer::serve() {
    listener_.reset();
    if (const auto fault = helper_.end_worker(); !fault.empty()) intake_.note(fault);
    auto started = PushListener::start(helper_, path_, options_.silence_time);
    if (!started) {
        intake_.note(started.error().what);
        if (started.error().kind == Kind::no_process) return fail(Errc::io_error, started.error().what);
        cannot_listen_ = started.error().what;
        patience_.wait(Deadline::in(std::exchange(pause_, std::min(2 * pause_, longest_pause))));
        return why_to_end();
    }
    cannot_listen_.clear();
    listener_.emplace(std::move(*started));
    logins_.clear();
    visitor_ = 0;
    child_gone_ = false;
    while (!intake_.complete() && !child_gone_) {
        if (auto error = why_to_end()) return error;
        const auto event = listener_->next(options_.deadline.within(pass_on()));
        if (!event) {
            intake_.note(event.error().what);
            return why_to_end();
        }
        if (*event) answer(**event);
    }
    return std::nullopt;
}

/// Hands on what is here and comes first; gives the time to wait for an event. As long as the installer has
/// not taken all of it, the plugin is told to come again, and each of its logins renews the certification.
milliseconds PushedTransfer::pass_on() {
    const auto begun = Deadline::Clock::now();
    const auto passed = intake_.pass_on(options_.deadline.within(look_around));
    stalled_ = Deadline(stalled_.at() + (Deadline::Clock::now() - begun));
    return passed && *passed && !intake_.complete() ? look_around : milliseconds(0);
}

std::optional<Error> PushedTransfer::why_to_end() {
    if (intake_.fatal()) return intake_.fatal();
    if (refused_) return refused_;
    if (stops() || options_.deadline.passed())
        return fail(options_.deadline.passed() ? Errc::time_limit : Errc::interrupted, intake_.state());
    if (intake_.meter().verified() > progress_) {
        progress_ = intake_.meter().verified();
        stalled_ = Deadline::in(options_.stall_time);
    }
    if (stalled_.passed() || (!logged_in_ && options_.first_login.passed())) return stalled_error();
    return std::nullopt;
}

/// The first path may know why nobody comes.
Error PushedTransfer::stalled_error() {
    if (callbacks_.why_refused)
        if (auto why = callbacks_.why_refused()) return *why;
    if (!cannot_listen_.empty()) return fail(Errc::io_error, path_.name() + ": " + cannot_listen_);
    if (mismatched_ && !sent_)
        return fail(Errc::certification_mismatch,
                    path_.name() + ": what logged in does not have the certification");
    if (sent_)
        return fail(Errc::truncated, path_.name() + ": the plugin stopped sending; " + intake_.state());
    if (logged_in_)
        return fail(Errc::certification_refused,
                    path_.name() + ": the plugin logged in, and left without sending anything");
    return fail(Errc::second_path_unreachable, path_.name() + ": the plugin did not come");
}

void PushedTransfer::answer(const ListenerEvent& event) {
    switch (event.kind) {
    case ListenerEvent::Kind::user:
        return challenge(event);
    case ListenerEvent::Kind::password:
        return compare(event);
    case ListenerEvent::Kind::size:
        return tell_size(event);
    case ListenerEvent::Kind::store:
        return allow(event);
    case ListenerEvent::Kind::data:
        return take(event);
    case ListenerEvent::Kind::left:
        return gone(event);
    case ListenerEvent::Kind::listening:
    case ListenerEvent::Kind::failed:
        child_gone_ = true;
    }
}

/// `<session>.<n_client>` of this session, or a nonce that proves nothing to nobody: the same to look at.
void PushedTransfer::challenge(const ListenerEvent& event) {
    const auto user = event.text.text();
    const auto server_nonce = make_nonce();
    const auto prefix = path_.session + ".";
    const auto client_nonce = user.starts_with(prefix) ? user.substr(prefix.size()) : std::string();
    logins_.erase(event.visitor);
    if (is_nonce(client_nonce) && logins_.size() < most_logins)
        logins_.emplace(event.visitor, Login{Mode::push, path_.session, client_nonce, server_nonce});
    listener_->answer(event, ListenerOrder::Kind::challenge, "certify " + server_nonce);
}

/// The second certification information against the first, in constant time (claims C3 and C4). Each
/// challenge is answered once.
void PushedTransfer::compare(const ListenerEvent& event) {
    const auto login = logins_.extract(event.visitor);
    if (!login || !path_.certification.proves(event.text.text(), Party::plugin, login.mapped().input())) {
        mismatched_ = true;
        intake_.note("a login that does not have the certification was refused");
        return listener_->answer(event, ListenerOrder::Kind::refuse);
    }
    mismatched_ = false;
    logged_in_ = true;
    visitor_ = event.visitor;
    listener_->answer(event, ListenerOrder::Kind::accept,
                      path_.certification.proof(Party::device, login.mapped().input()));
}

/// A file of this session, asked for by who proved itself; else none.
Payload* PushedTransfer::find(const ListenerEvent& event) {
    if (event.visitor != visitor_) return nullptr;
    const auto name = event.text.text();
    Payload* found = nullptr;
    for (const auto& payload : intake_.payloads()) {
        if (payload->id() != name) continue;
        found = payload.get();
        if (!found->complete()) break; // of files with the same content the one that is missing
    }
    return found;
}

/// Where the next missing block lies: from there on the plugin sends (REST).
std::uint64_t missing_from(const BlockIntake& intake, Payload& payload) {
    return payload.complete() ? payload.size() : payload.verifier().offset(intake.next_run(payload).first);
}

void PushedTransfer::tell_size(const ListenerEvent& event) {
    auto* payload = find(event);
    if (payload == nullptr) return listener_->answer(event, ListenerOrder::Kind::refuse);
    if (reading_ || !payload->has_turn()) return listener_->answer(event, ListenerOrder::Kind::busy);
    listener_->answer(event, ListenerOrder::Kind::size, missing_from(intake_, *payload));
}

void PushedTransfer::allow(const ListenerEvent& event) {
    auto* payload = find(event);
    if (payload == nullptr) return listener_->answer(event, ListenerOrder::Kind::refuse);
    if (reading_ || !payload->has_turn()) return listener_->answer(event, ListenerOrder::Kind::busy);
    listener_->answer(event, ListenerOrder::Kind::space, missing_from(intake_, *payload), payload->size());
}

void PushedTransfer::take(const ListenerEvent& event) {
    auto data = listener_->take_data();
    auto* payload = find(event);
    const bool fits = payload != nullptr && data && !reading_ && !payload->complete() &&
                      payload->has_turn() && event.offset == missing_from(intake_, *payload);
    if (!fits) return listener_->answer(event, ListenerOrder::Kind::again);
    reading_ = sent_ = true;
    const auto before = intake_.meter().received();
    const auto taken = intake_.read(std::move(data), *payload, intake_.next_run(*payload), patience_);
    const auto bytes = intake_.meter().received() - before;
    reading_ = false;
    if (payload->complete()) return confirm(event, *payload, bytes);
    const bool bad = !taken && taken.error().kind == Kind::bad_block;
    if (!taken && !bad && taken.error().kind != Kind::stopped) intake_.note(taken.error().what);
    listener_->answer(event, bad ? ListenerOrder::Kind::rejected : ListenerOrder::Kind::again, bytes);
}

/// 226 says that it is on disk.
void PushedTransfer::confirm(const ListenerEvent& event, Payload& payload, std::uint64_t bytes) {
    if (auto saved = payload.checkpoint(); !saved) refused_ = saved.error();
    listener_->answer(event, refused_ ? ListenerOrder::Kind::again : ListenerOrder::Kind::received, bytes);
}

/// Between the bytes of a data connection, which may be a dead one: a plugin that comes back must not wait
/// for its end. True ends the reading.
bool PushedTransfer::look_aside() {
    if (stops()) return true;
    if (!listener_) return false;
    for (int events = 0; events < most_at_once && !child_gone_; ++events) {
        const auto event = listener_->next(Deadline::in(milliseconds(0)));
        if (!event) child_gone_ = true;
        if (!event || !*event) break;
        answer(**event);
    }
    return child_gone_;
}

/// The plugin has left before all was here: the first path may know that it will not come back.
void PushedTransfer::gone(const ListenerEvent& event) {
    logins_.erase(event.visitor);
    if (event.visitor != visitor_) return;
    visitor_ = 0;
    if (intake_.complete() || reading_ || !callbacks_.why_refused || !ask_again_.passed()) return;
    refused_ = callbacks_.why_refused();
    ask_again_ = Deadline::in(between_asking);
}

/// Until the plugin has its reply and has left.
void PushedTransfer::say_goodbye() {
    const auto end = Deadline::in(last_reply_time);
    while (listener_ && visitor_ != 0 && !end.passed()) {
        const auto event = listener_->next(end);
        if (!event || !*event) return;
        answer(**event);
    }
}

} // namespace

Reception receive_pushed(ConnectionHelper& helper, const PushPath& path, Payloads payloads,
                         const ReceiveOptions& options, const ReceiveCallbacks& callbacks) {
    return PushedTransfer(helper, path, payloads, options, callbacks).run();
}

} // namespace two_path::bulk
