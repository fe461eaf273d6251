// Imports from a Mender server: orders that outlive the plugin's end, and what they brought into the catalog.
#include "plugin/state/store.hpp"

#include <algorithm>
#include <array>

namespace two_path::state {
namespace {

constexpr std::array<std::string_view, 5> state_names{"running", "waiting", "done", "awaits_signature",
                                                      "failed"};

std::string select_imports(std::string_view rest) {
    return std::string(
               "SELECT release, options, attempts, changed, state, reason, detail, registered FROM imports ")
        .append(rest);
}

ImportOrder read_import(const Query& query) {
    const auto* const state = std::ranges::find(state_names, query.text(4));
    if (state == state_names.end())
        throw std::runtime_error("the state database holds an import in a state that is not known");
    ImportOrder order;
    order.release = query.text(0);
    order.options = query.text(1);
    order.attempts = static_cast<std::uint64_t>(query.number(2));
    order.changed = query.number(3);
    order.state = static_cast<ImportState>(state - state_names.begin());
    if (const auto reason = query.text_or_none(5))
        order.reason = errc_from_reason(*reason).value_or(Errc::internal);
    order.detail = query.text(6);
    order.registered = query.number(7) != 0;
    return order;
}

} // namespace

std::string_view name_of(ImportState state) noexcept {
    return state_names.at(static_cast<std::size_t>(state));
}

std::vector<ImportOrder> Store::imports() {
    auto query = database_.query(select_imports("ORDER BY changed DESC, release"));
    std::vector<ImportOrder> all;
    while (query.next())
        all.push_back(read_import(query));
    return all;
}

std::optional<ImportOrder> Store::import(std::string_view release) {
    auto query = database_.query(select_imports("WHERE release = ?"));
    query.with(release);
    if (!query.next()) return std::nullopt;
    return read_import(query);
}

void Store::order_import(std::string_view release, std::string_view options) {
    database_
        .query("INSERT INTO imports (release, options, attempts, changed, state) VALUES (?1, ?2, 1, ?3, ?4) "
               "ON CONFLICT (release) DO UPDATE SET options = ?2, attempts = 1, changed = ?3, state = ?4, "
               "registered = 0, reason = NULL, detail = ''")
        .with(release, options, clock_.unix_time(), name_of(ImportState::running))
        .run();
}

void Store::try_import(std::string_view release) {
    database_.query("UPDATE imports SET attempts = attempts + 1, changed = ?2, state = ?3 WHERE release = ?1")
        .with(release, clock_.unix_time(), name_of(ImportState::running))
        .run();
}

void Store::registered_by_import(std::string_view release) {
    database_.query("UPDATE imports SET registered = 1 WHERE release = ?").with(release).run();
}

void Store::end_import(std::string_view release, ImportState state, const Error* why) {
    std::optional<std::string_view> reason;
    if (why != nullptr) reason = info(why->code).reason;
    Transaction transaction(database_);
    database_
        .query("UPDATE imports SET changed = ?2, state = ?3, reason = ?4, detail = ?5 WHERE release = ?1")
        .with(release, clock_.unix_time(), name_of(state), reason, why == nullptr ? "" : why->detail)
        .run();
    database_
        .query("DELETE FROM imports WHERE release IN (SELECT release FROM imports WHERE state IN ('done', "
               "'failed') ORDER BY changed DESC, release LIMIT -1 OFFSET ?) "
               "AND release NOT IN (SELECT release FROM import_payloads)")
        .with(max_ended_imports)
        .run();
    transaction.commit();
}

void Store::add_import_payloads(std::string_view release, const std::vector<std::string>& payloads) {
    Transaction transaction(database_);
    for (const auto& payload : payloads)
        database_.query("INSERT INTO import_payloads (release, id) VALUES (?, ?) ON CONFLICT DO NOTHING")
            .with(release, payload)
            .run();
    transaction.commit();
}

std::vector<std::string> Store::import_payloads(std::string_view release) {
    auto query = database_.query("SELECT id FROM import_payloads WHERE release = ? ORDER BY id");
    query.with(release);
    std::vector<std::string> ids;
    while (query.next())
        ids.push_back(query.text(0));
    return ids;
}

void Store::forget_import_payload(std::string_view release, std::string_view payload) {
    database_.query("DELETE FROM import_payloads WHERE release = ? AND id = ?").with(release, payload).run();
}

} // namespace two_path::state
