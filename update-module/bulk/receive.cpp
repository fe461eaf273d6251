#include "update-module/bulk/receive.hpp"

#include "update-module/bulk/block_intake.hpp"
#include "update-module/bulk/connection.hpp"

#include <algorithm>
#include <utility>

namespace two_path::bulk {
namespace {

using Kind = Setback::Kind;

class Transfer {
  public:
    Transfer(ConnectionHelper& helper, const SecondPath& path, Payloads payloads,
             const ReceiveOptions& options, const ReceiveCallbacks& callbacks)
      : helper_(helper)
      , path_(path)
      , options_(options)
      , callbacks_(callbacks)
      , patience_{options.deadline, options.connect_time, options.silence_time, callbacks.interrupted,
                  options.rate,     options.min_rate,     options.stall_time}
      , intake_("second path " + path.name(), payloads, callbacks)
      , stalled_(Deadline::in(options.stall_time)) {}

    Reception run();

  private:
    std::optional<Error> fetch_all();
    std::optional<Error> after_setback(const Setback& setback);
    Attempt<void> use_one_connection();
    Attempt<void> fetch_run(Connection& connection, Payload& payload, Run run);
    Attempt<bool> pass_on(Deadline until);
    bool pause();
    /// Of the login that comes next.
    Deadline login_by() const { return logged_in_ ? options_.deadline : options_.first_login; }
    Error stopped() const;
    Error at_server(Errc code, const std::string& what) const {
        return fail(code, path_.name() + ": " + what);
    }
    std::optional<Error> refused(Errc otherwise, const std::string& what) const;

    ConnectionHelper& helper_;
    const SecondPath& path_;
    const ReceiveOptions& options_;
    const ReceiveCallbacks& callbacks_;
    const Patience patience_;
    BlockIntake intake_;

    std::uint64_t at_last_setback_{0}; ///< verified bytes
    bool logged_in_{false};            ///< once
    Deadline stalled_;
    milliseconds pause_{0};
};

Reception Transfer::run() {
    auto error = fetch_all();
    helper_.end_worker();
    return intake_.end(std::move(error), helper_.cpu_seconds());
}

std::optional<Error> Transfer::fetch_all() {
    pause_ = options_.first_pause;
    at_last_setback_ = intake_.meter().verified();
    if (!intake_.misses_any()) // perhaps nobody needs to be asked
        if (const auto passed = pass_on(Deadline::in(std::min(options_.renew_time, login_by().left()) / 3));
            !passed)
            return stopped();
    while (!intake_.complete()) {
        if (patience_.over()) return stopped();
        const auto used = use_one_connection();
        const auto fault = helper_.end_worker();
        if (used || intake_.complete()) {
            if (!fault.empty()) intake_.note(fault);
            continue;
        }
        const auto& setback = used.error();
        if (auto error = after_setback({setback.kind, fault.empty() ? setback.what : fault})) return error;
    }
    return std::nullopt;
}

/// Whether to give up; waits before the next try when there was no progress.
std::optional<Error> Transfer::after_setback(const Setback& setback) {
    switch (setback.kind) {
    case Kind::stopped:
        return stopped();
    case Kind::mismatch:
        return refused(Errc::certification_mismatch, setback.what);
    case Kind::login_refused:
        return refused(Errc::certification_refused, setback.what);
    case Kind::file_refused:
        return at_server(Errc::payload_refused, setback.what);
    case Kind::no_process:
        return fail(Errc::io_error, setback.what);
    case Kind::bad_block:
        return std::nullopt; // fetched again at once, from a new connection
    case Kind::lost:
    case Kind::ended_early:
        break;
    }
    intake_.note(setback.what);
    if (intake_.meter().verified() > at_last_setback_) {
        at_last_setback_ = intake_.meter().verified();
        stalled_ = Deadline::in(options_.stall_time);
        pause_ = options_.first_pause;
        return std::nullopt;
    }
    if (stalled_.passed() || login_by().passed()) {
        const bool cut = setback.kind == Kind::ended_early;
        return refused(cut ? Errc::truncated : Errc::second_path_unreachable, setback.what);
    }
    if (!pause()) return stopped();
    return std::nullopt;
}

/// Hands on what is here and comes first. False when the installer has not taken all of it by then. Its time
/// is not the second path's.
Attempt<bool> Transfer::pass_on(Deadline until) {
    const auto begun = Deadline::Clock::now();
    auto passed = intake_.pass_on(until.within(look_around));
    while (passed && !*passed && !until.passed()) {
        if (patience_.over()) return Setback{Kind::stopped, {}};
        passed = intake_.pass_on(until.within(look_around));
    }
    stalled_ = Deadline(stalled_.at() + (Deadline::Clock::now() - begun));
    return passed;
}

/// Fetches as many runs as one connection can serve.
Attempt<void> Transfer::use_one_connection() {
    auto connection = Connection::start(helper_, patience_);
    if (!connection) return connection.error();
    if (auto login = connection->login(path_, login_by()); !login) return login.error();
    logged_in_ = true;
    for (const auto& each : intake_.payloads()) {
        auto& payload = *each;
        const auto passed = pass_on(Deadline::in(options_.renew_time));
        if (!passed) return passed.error();
        if (!*passed) return {}; // the certification is renewed by the next login
        if (payload.complete()) continue;
        const auto size = connection->size(payload.id());
        if (!size) return size.error();
        if (*size != payload.size())
            return Setback{Kind::file_refused, "the server's file " + payload.id() + " has " +
                                                   std::to_string(*size) + " bytes instead of " +
                                                   std::to_string(payload.size())};
        const auto run = intake_.next_run(payload);
        if (auto fetched = fetch_run(*connection, payload, run); !fetched) return fetched.error();
        // RETR cannot be told to stop: a run that ends within the file ends its connection.
        if (run.end < payload.count() || !payload.complete()) return {};
    }
    connection->quit();
    return {};
}

Attempt<void> Transfer::fetch_run(Connection& connection, Payload& payload, Run run) {
    auto data = connection.fetch(payload.id(), payload.verifier().offset(run.first));
    if (!data) return data.error();
    auto taken = intake_.read(std::move(*data), payload, run, patience_);
    if (!taken || run.end < payload.count()) return taken;
    // The blocks are whole and good: a lost or late goodbye changes nothing about them.
    return payload.complete() ? connection.finish() : Attempt<void>();
}

/// False when the transfer shall end.
bool Transfer::pause() {
    return patience_.wait(login_by().within(std::exchange(pause_, std::min(2 * pause_, longest_pause))));
}

Error Transfer::stopped() const {
    if (intake_.fatal()) return *intake_.fatal();
    return fail(options_.deadline.passed() ? Errc::time_limit : Errc::interrupted, intake_.state());
}

/// The second path says only "no", or nothing; the first one may know why.
std::optional<Error> Transfer::refused(Errc otherwise, const std::string& what) const {
    if (callbacks_.why_refused)
        if (auto why = callbacks_.why_refused()) return why;
    return at_server(otherwise, what);
}

} // namespace

Reception receive(ConnectionHelper& helper, const SecondPath& path, Payloads payloads,
                  const ReceiveOptions& options, const ReceiveCallbacks& callbacks) {
    return Transfer(helper, path, payloads, options, callbacks).run();
}

} // namespace two_path::bulk
