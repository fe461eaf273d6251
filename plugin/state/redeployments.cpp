#include "plugin/state/store.hpp"

namespace two_path::state {
namespace {

// Every SELECT lists these, in this order.
#define REDEPLOYMENT_COLUMNS "session, device, release, failed, kept, since, ordered"

std::vector<Redeployment> read_redeployments(Query& query) {
    std::vector<Redeployment> all;
    while (query.next())
        all.push_back({query.text(0), query.text(1), query.text(2), query.text(3),
                       static_cast<std::uint64_t>(query.number(4)), query.number(5), query.text_or_none(6)});
    return all;
}

} // namespace

std::vector<Redeployment> Store::redeployments(std::string_view device, std::string_view release) {
    auto query = database_.query("SELECT " REDEPLOYMENT_COLUMNS " FROM redeployments WHERE device = ? AND "
                                 "release = ? ORDER BY since, rowid");
    query.with(device, release);
    return read_redeployments(query);
}

std::vector<Redeployment> Store::due_redeployments() {
    auto query = database_.query("SELECT " REDEPLOYMENT_COLUMNS " FROM redeployments WHERE ordered IS NULL "
                                 "ORDER BY since, rowid");
    return read_redeployments(query);
}

std::optional<Redeployment> Store::redeployment_of(std::string_view session) {
    auto query = database_.query("SELECT " REDEPLOYMENT_COLUMNS " FROM redeployments WHERE session = ?");
    query.with(session);
    auto all = read_redeployments(query);
    if (all.empty()) return std::nullopt;
    return std::move(all.front());
}

void Store::add_redeployment(const Redeployment& redeployment) {
    database_
        .query("INSERT INTO redeployments (session, device, release, failed, kept, since) "
               "VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING")
        .with(redeployment.session, redeployment.device, redeployment.release, redeployment.failed,
              redeployment.kept, redeployment.since)
        .run();
}

void Store::redeployed(std::string_view session, std::string_view deployment) {
    database_.query("UPDATE redeployments SET ordered = ? WHERE session = ?").with(deployment, session).run();
}

void Store::remove_redeployment(std::string_view session) {
    database_.query("DELETE FROM redeployments WHERE session = ?").with(session).run();
}

void Store::forget_redeployments(std::string_view device, std::string_view release) {
    database_.query("DELETE FROM redeployments WHERE device = ? AND release = ?").with(device, release).run();
}

} // namespace two_path::state
