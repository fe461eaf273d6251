/// two-path.db: releases, sessions, events and live certifications, asked for by name.
#pragma once

#include "plugin/clock.hpp"
#include "plugin/state/database.hpp"
#include "plugin/state/records.hpp"

#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace two_path::state {

/// Used by the worker only. Every change is one transaction, on the disk when the function returns. Throws
/// DatabaseFailure when the disk or SQLite fails.
class Store {
  public:
    /// Opens or creates `folder`/two-path.db; bad_configuration as Database::open().
    [[nodiscard]] static Result<Store> open(const std::filesystem::path& folder, Clock clock);

    // releases

    [[nodiscard]] std::optional<Release> release(std::string_view name);
    /// Newest first.
    [[nodiscard]] std::vector<Release> releases();
    void add_release(const Release& release);
    /// False when there was none. The sessions of it stay.
    bool remove_release(std::string_view name);
    /// The framework has the release's artifact. False: there is no such release.
    bool found_artifact(std::string_view release, std::string_view artifact);
    /// The release's artifact waits for its signature, until found_artifact().
    void keep_unsigned(std::string_view release, std::string_view artifact);
    [[nodiscard]] std::optional<std::string> unsigned_artifact(std::string_view release);
    /// The framework does not have it any more, since `when`.
    void missed_artifact(std::string_view release, std::int64_t when);
    /// The names of the releases that have this payload.
    [[nodiscard]] std::vector<std::string> releases_with(std::string_view payload);
    /// The highest sequence that a device has committed, by stream, as far as its releases are still here.
    [[nodiscard]] std::map<std::string, std::uint64_t> committed(std::string_view device);

    // sessions

    [[nodiscard]] std::optional<Session> session(std::string_view id);
    [[nodiscard]] std::optional<Session> session_of_attempt(std::string_view device,
                                                            std::string_view attempt);
    [[nodiscard]] std::vector<Session> sessions(const SessionFilter& filter);
    /// How many are in each state that is not final.
    [[nodiscard]] std::map<SessionState, std::uint64_t> unfinished_counts();
    /// Those in no final state, oldest first.
    [[nodiscard]] std::vector<Session> unfinished();
    /// The same, of one device.
    [[nodiscard]] std::vector<Session> unfinished(std::string_view device);
    [[nodiscard]] std::vector<SessionPart> unfinished_parts();
    /// Sessions that are open and not transferred yet, but for those of `device`.
    [[nodiscard]] std::vector<std::string> transferring_beside(std::string_view device);
    /// Of the unfinished ones those that may have run out of time: all in `opened`, and what has not changed
    /// since `oldest`.
    [[nodiscard]] std::vector<Session> overdue(std::int64_t oldest);
    /// A new session in `opened`, its certification and its first event.
    void open_session(Session& session, const Certification& certification, std::int64_t expires);
    /// Takes a step: the new state, the record's other fields and the event together; the certification dies
    /// with the states that need it. False, and nothing written, when the state stays. out_of_order: the
    /// state does not allow the step; nothing changed. Session::sent is left to keep() and add_sent().
    Result<bool> take(Session& session, SessionStep step, std::string_view cause, std::string_view detail);
    /// The record's fields and an event, with the state as it is. What the last event says already is not
    /// written again, nor is any note behind the 200th event.
    void note(Session& session, std::string_view what, std::string_view cause, std::string_view detail);
    [[nodiscard]] std::vector<Event> events(std::string_view session);

    /// Forgets ended sessions with their events; gives how many. Never one whose result is owed, that is
    /// ordered again, or that tells which sequence of a release that is here a device has committed.
    std::uint64_t forget_sessions(const Forgetting& rule);

    // what is ordered again

    /// Of a device and release since the last success, oldest first.
    [[nodiscard]] std::vector<Redeployment> redeployments(std::string_view device, std::string_view release);
    /// Those still to be ordered, oldest first.
    [[nodiscard]] std::vector<Redeployment> due_redeployments();
    [[nodiscard]] std::optional<Redeployment> redeployment_of(std::string_view session);
    /// Still to be ordered; nothing when there is one of this session.
    void add_redeployment(const Redeployment& redeployment);
    /// It was ordered.
    void redeployed(std::string_view session, std::string_view deployment);
    void remove_redeployment(std::string_view session);
    /// The device has the release.
    void forget_redeployments(std::string_view device, std::string_view release);

    // imports from a Mender server

    /// The last one changed first.
    [[nodiscard]] std::vector<ImportOrder> imports();
    [[nodiscard]] std::optional<ImportOrder> import(std::string_view release);
    /// A new order, in its first attempt; takes the place of an earlier one of this release.
    void order_import(std::string_view release, std::string_view options);
    /// Another attempt begins.
    void try_import(std::string_view release);
    /// The import has registered its twin.
    void registered_by_import(std::string_view release);
    /// An attempt has ended; `why` of one that failed. Of those that are over the newest max_ended_imports
    /// are kept, and those whose payloads are still to be looked after.
    void end_import(std::string_view release, ImportState state, const Error* why);
    static constexpr std::uint64_t max_ended_imports = 1000;
    /// The import brought these into the catalog.
    void add_import_payloads(std::string_view release, const std::vector<std::string>& payloads);
    [[nodiscard]] std::vector<std::string> import_payloads(std::string_view release);
    /// It need not be looked after any more.
    void forget_import_payload(std::string_view release, std::string_view payload);

    // the results owed to the external unit

    /// From now on the step that ends a session leaves a notice, in the same transaction. `body` makes its
    /// text; `queued` is called when one is to be told at once.
    void tell_results(std::function<std::string(const Session&)> body, std::function<void()> queued);
    /// Those given up first, then the oldest first.
    [[nodiscard]] std::vector<Notice> notices(std::uint64_t limit);
    /// The one that is due first; not those given up.
    [[nodiscard]] std::optional<Notice> next_notice();
    /// The external unit has taken it.
    void told(std::string_view session);
    void not_told(std::string_view session, std::string_view error, std::int64_t due);
    /// Among the dead letters, of which the newest max_dead_notices are kept.
    void give_up_notice(std::string_view session, std::string_view error);
    /// At once, and as if for the first time. False when there is none of this session.
    bool tell_again(std::string_view session);
    /// False when there is none of this session.
    bool forget_notice(std::string_view session);
    static constexpr std::uint64_t max_dead_notices = 1000;

    // certifications

    [[nodiscard]] std::vector<StoredCertification> certifications();
    [[nodiscard]] std::optional<StoredCertification> certification(std::string_view session);
    /// A certification's later end and a session's bytes; not an event.
    void keep(std::string_view session, std::int64_t expires, std::uint64_t sent);
    void add_sent(std::string_view session, std::uint64_t bytes);
    /// A row that was deleted can be read in the database's write-ahead log until that is emptied. Does so
    /// when a certification died since the last time, or something was in the way then; call it every few
    /// seconds.
    void forget_dead();

    /// Whether the state can be written now; costs a write.
    [[nodiscard]] bool can_write() noexcept { return database_.can_write(); }
    /// Called after each change of a session, with its record, the step or what was noted, and whether its
    /// state is another one now; must not throw.
    void on_change(std::function<void(const Session& session, std::string_view what, bool moved)> listener) {
        on_change_ = std::move(listener);
    }

    [[nodiscard]] const Clock& clock() const noexcept { return clock_; }

  private:
    Store(Database database, Clock clock);
    void save(const Session& session);
    enum class Entry : std::uint8_t { step, note, none }; ///< among the events
    void write(Session& session, std::string_view what, std::string_view cause, std::string_view detail,
               Entry entry);
    void add_event(const Session& session, std::string_view what, std::string_view cause,
                   std::string_view detail);
    void add_notice(const Session& session);

    Database database_;
    Clock clock_;
    std::function<void(const Session&, std::string_view, bool)> on_change_;
    std::function<std::string(const Session&)> notice_body_;
    std::function<void()> notice_queued_;
    bool log_holds_dead_{true}; ///< also what a run before this one deleted
};

} // namespace two_path::state
