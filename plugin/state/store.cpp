#include "plugin/state/store.hpp"

#include "plugin/log.hpp"
#include "plugin/state/event_line.hpp"

namespace two_path::state {
namespace {

#include "two_path_migrations.inc"

/// A device may repeat itself in other words for as long as it likes; steps are few, and always written.
constexpr std::int64_t max_noted = 200;

} // namespace

Result<Store> Store::open(const std::filesystem::path& folder, Clock clock) {
    auto database = Database::open(folder / "two-path.db", migrations);
    if (!database) return database.error();
    return Store(std::move(*database), std::move(clock));
}

Store::Store(Database database, Clock clock)
  : database_(std::move(database))
  , clock_(std::move(clock)) {}

Result<bool> Store::take(Session& session, SessionStep step, std::string_view cause,
                         std::string_view detail) {
    const auto next = next_state(session.state, step);
    if (!next)
        return fail(Errc::out_of_order, "`" + std::string(name_of(step)) + "` in state `" +
                                            std::string(name_of(session.state)) + "`");
    if (*next == session.state) return false;
    session.state = *next;
    write(session, name_of(step), cause, detail, Entry::step);
    if (on_change_) on_change_(session, name_of(step), true);
    if (is_final(session.state) && notice_queued_) notice_queued_();
    return true;
}

void Store::note(Session& session, std::string_view what, std::string_view cause, std::string_view detail) {
    bool said = false;
    {
        auto query =
            database_.query("SELECT step, state, cause, detail, number FROM events WHERE session = ? "
                            "ORDER BY number DESC LIMIT 1");
        query.with(session.id);
        said = query.next() && (query.number(4) >= max_noted ||
                                (query.text(0) == what && query.text(1) == name_of(session.state) &&
                                 query.text(2) == cause && query.text(3) == detail));
    }
    write(session, what, cause, detail, said ? Entry::none : Entry::note);
    if (on_change_) on_change_(session, what, false);
}

void Store::write(Session& session, std::string_view what, std::string_view cause, std::string_view detail,
                  Entry entry) {
    Transaction transaction(database_);
    session.changed = clock_.unix_time();
    save(session);
    if (entry != Entry::none) add_event(session, what, cause, detail);
    // A certification is of use only up to the end of the transfer; dying is part of the step that ends it.
    if (session.state != SessionState::opened && !may_transfer(session.state)) {
        database_.query("DELETE FROM certifications WHERE session = ?").with(session.id).run();
        if (database_.changes() > 0) log_holds_dead_ = true;
    }
    if (entry == Entry::step && is_final(session.state) && notice_body_) add_notice(session);
    transaction.commit();
    if (entry != Entry::none)
        log_of(Level::info, session.id, event_line(session, what, cause, detail, entry == Entry::step));
}

void Store::forget_dead() {
    if (log_holds_dead_) log_holds_dead_ = !database_.empty_log();
}

void Store::add_event(const Session& session, std::string_view what, std::string_view cause,
                      std::string_view detail) {
    database_
        .query("INSERT INTO events (session, number, time, step, state, cause, detail) VALUES (?1, "
               "(SELECT coalesce(max(number), 0) + 1 FROM events WHERE session = ?1), ?2, ?3, ?4, ?5, ?6)")
        .with(session.id, session.changed, what, name_of(session.state), cause, detail)
        .run();
}

std::vector<Event> Store::events(std::string_view session) {
    auto query = database_.query("SELECT number, time, step, state, cause, detail FROM events "
                                 "WHERE session = ? ORDER BY number");
    query.with(session);
    std::vector<Event> all;
    while (query.next()) {
        const auto state = session_state_from_name(query.text(3));
        all.push_back({query.number(0), query.number(1), query.text(2), state.value_or(SessionState::failed),
                       query.text(4), query.text(5)});
    }
    return all;
}

std::vector<StoredCertification> Store::certifications() {
    std::vector<StoredCertification> all;
    auto query = database_.query("SELECT session FROM certifications ORDER BY session");
    std::vector<std::string> ids;
    while (query.next())
        ids.push_back(query.text(0));
    for (const auto& id : ids)
        if (auto one = certification(id)) all.push_back(std::move(*one));
    return all;
}

std::optional<StoredCertification> Store::certification(std::string_view session) {
    auto query = database_.query("SELECT secret, expires FROM certifications WHERE session = ?");
    query.with(session);
    if (!query.next()) return std::nullopt;
    auto text = query.text(0);
    const auto parsed = Certification::parse(text);
    wipe(text);
    if (!parsed) throw std::runtime_error("the state database holds a damaged certification");
    return StoredCertification{std::string(session), *parsed, query.number(1)};
}

void Store::keep(std::string_view session, std::int64_t expires, std::uint64_t sent) {
    Transaction transaction(database_);
    database_.query("UPDATE certifications SET expires = ? WHERE session = ?").with(expires, session).run();
    database_.query("UPDATE sessions SET sent = sent + ? WHERE id = ?").with(sent, session).run();
    transaction.commit();
}

void Store::add_sent(std::string_view session, std::uint64_t bytes) {
    database_.query("UPDATE sessions SET sent = sent + ? WHERE id = ?").with(bytes, session).run();
}

} // namespace two_path::state
