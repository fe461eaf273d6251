// The results owed to the external unit.
#include "plugin/state/store.hpp"

namespace two_path::state {
namespace {

#define NOTICE_COLUMNS "session, body, since, due, attempts, error, dead"

Notice read_notice(const Query& query) {
    return {query.text(0),
            query.text(1),
            query.number(2),
            query.number(3),
            static_cast<std::uint64_t>(query.number(4)),
            query.text(5),
            query.number(6) != 0};
}

} // namespace

void Store::tell_results(std::function<std::string(const Session&)> body, std::function<void()> queued) {
    notice_body_ = std::move(body);
    notice_queued_ = std::move(queued);
}

void Store::add_notice(const Session& session) {
    database_
        .query("INSERT INTO notices (session, body, since, due) VALUES (?1, ?2, ?3, ?3) "
               "ON CONFLICT (session) DO NOTHING")
        .with(session.id, notice_body_(session), session.changed)
        .run();
}

std::vector<Notice> Store::notices(std::uint64_t limit) {
    auto query = database_.query("SELECT " NOTICE_COLUMNS " FROM notices ORDER BY dead DESC, since LIMIT ?");
    query.with(limit);
    std::vector<Notice> all;
    while (query.next())
        all.push_back(read_notice(query));
    return all;
}

std::optional<Notice> Store::next_notice() {
    auto query =
        database_.query("SELECT " NOTICE_COLUMNS " FROM notices WHERE dead = 0 ORDER BY due LIMIT 1");
    if (!query.next()) return std::nullopt;
    return read_notice(query);
}

void Store::told(std::string_view session) {
    database_.query("DELETE FROM notices WHERE session = ?").with(session).run();
}

void Store::not_told(std::string_view session, std::string_view error, std::int64_t due) {
    database_.query("UPDATE notices SET attempts = attempts + 1, error = ?2, due = ?3 WHERE session = ?1")
        .with(session, error, due)
        .run();
}

void Store::give_up_notice(std::string_view session, std::string_view error) {
    Transaction transaction(database_);
    database_.query("UPDATE notices SET attempts = attempts + 1, error = ?2, dead = 1 WHERE session = ?1")
        .with(session, error)
        .run();
    database_
        .query("DELETE FROM notices WHERE session IN (SELECT session FROM notices WHERE dead = 1 "
               "ORDER BY since DESC, session LIMIT -1 OFFSET ?)")
        .with(max_dead_notices)
        .run();
    transaction.commit();
}

bool Store::tell_again(std::string_view session) {
    database_.query("UPDATE notices SET since = ?2, due = ?2, attempts = 0, dead = 0 WHERE session = ?1")
        .with(session, clock_.unix_time())
        .run();
    const bool found = database_.changes() > 0;
    if (found && notice_queued_) notice_queued_();
    return found;
}

bool Store::forget_notice(std::string_view session) {
    told(session);
    return database_.changes() > 0;
}

} // namespace two_path::state
