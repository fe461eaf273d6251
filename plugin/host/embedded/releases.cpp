#include "plugin/host/embedded/releases.hpp"

#include "protocol/json.hpp"

#include <boost/json/serialize.hpp>

#include <algorithm>
#include <array>

namespace two_path::host::embedded {
namespace {

constexpr std::size_t max_release_tags = 20; // as Mender's
constexpr std::int64_t max_all_tags = 100;   // as Mender's
constexpr std::size_t max_tag = 128;

constexpr std::array<std::string_view, 4> keys{"name", "modified", "artifacts_count", "tags"};

/// What ReleaseFilter asks for; bind_filter() binds it.
constexpr std::string_view matching_releases =
    " FROM (SELECT name, max(sequence) AS modified, count(*) AS artifacts_count, (SELECT group_concat(tag) "
    "FROM "
    "(SELECT tag FROM release_tags WHERE release = a.name ORDER BY tag)) AS tags FROM artifacts a GROUP BY "
    "name) r "
    "WHERE (?1 = '' OR instr(lower(name), lower(?1)) > 0) AND (?2 = '[]' OR EXISTS (SELECT 1 FROM "
    "release_tags t "
    "WHERE t.release = r.name AND t.tag IN (SELECT value FROM json_each(?2)))) AND (?3 = '' OR EXISTS "
    "(SELECT 1 FROM artifacts x WHERE x.name = r.name AND x.document->>'$.updates[0].type_info.type' = ?3))";

void bind_filter(state::Query& query, const ReleaseFilter& filter) {
    const json::array tags(filter.tags.begin(), filter.tags.end());
    query.with(filter.name, json::serialize(tags), filter.update_type);
}

std::vector<std::string> texts(state::Query rows) {
    std::vector<std::string> all;
    while (rows.next())
        all.push_back(rows.text(0));
    return all;
}

bool is_tag(std::string_view text) {
    return !text.empty() && text.size() <= max_tag && std::none_of(text.begin(), text.end(), [](char c) {
        return static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
    });
}

/// Of one of the keys, so that nothing from outside gets into the statement.
std::string order_by(std::string_view order) {
    const auto colon = order.find(':');
    const auto direction = order.substr(colon + 1) == "desc" ? " DESC" : " ASC";
    return std::string(" ORDER BY ")
        .append(order.substr(0, colon))
        .append(direction)
        .append(", name LIMIT ? OFFSET ?");
}

} // namespace

bool is_release_order(std::string_view text) noexcept {
    return std::any_of(keys.begin(), keys.end(), [text](std::string_view key) {
        return text.starts_with(key) &&
               (text.substr(key.size()) == ":asc" || text.substr(key.size()) == ":desc");
    });
}

std::vector<std::string> release_names(state::Database& database, const ReleaseFilter& filter, Page page) {
    auto rows = database.query(std::string("SELECT name").append(matching_releases) + order_by(filter.order));
    bind_filter(rows, filter);
    rows.with(page.limit, page.offset);
    return texts(std::move(rows));
}

std::int64_t count_releases(state::Database& database, const ReleaseFilter& filter) {
    auto rows = database.query(std::string("SELECT count(*)").append(matching_releases));
    bind_filter(rows, filter);
    return rows.next() ? rows.number(0) : 0;
}

std::string notes_of(state::Database& database, const std::string& release) {
    auto rows = database.query("SELECT notes FROM release_notes WHERE release = ?");
    rows.bind(release);
    return rows.next() ? rows.text(0) : "";
}

void set_notes(state::Database& database, const std::string& release, const std::string& notes) {
    database.query("INSERT OR REPLACE INTO release_notes (release, notes) VALUES (?, ?)")
        .with(release, notes)
        .run();
}

std::vector<std::string> tags_of(state::Database& database, const std::string& release) {
    auto rows = database.query("SELECT tag FROM release_tags WHERE release = ? ORDER BY tag");
    rows.bind(release);
    return texts(std::move(rows));
}

Result<void> set_tags(state::Database& database, const std::string& release,
                      const std::vector<std::string>& tags) {
    if (tags.size() > max_release_tags || !std::all_of(tags.begin(), tags.end(), is_tag))
        return fail(Errc::bad_request, "a release has at most " + std::to_string(max_release_tags) +
                                           " tags of 1 to " + std::to_string(max_tag) +
                                           " bytes without control characters");
    state::Transaction transaction(database);
    database.query("DELETE FROM release_tags WHERE release = ?").with(release).run();
    for (const auto& tag : tags)
        database.query("INSERT OR IGNORE INTO release_tags (release, tag) VALUES (?, ?)")
            .with(release, tag)
            .run();
    {
        auto counted = database.query("SELECT count(DISTINCT tag) FROM release_tags");
        if (counted.next() && counted.number(0) > max_all_tags)
            return fail(Errc::conflict, "there are over " + std::to_string(max_all_tags) + " different tags");
    }
    transaction.commit();
    return {};
}

std::vector<std::string> all_release_tags(state::Database& database) {
    return texts(database.query("SELECT DISTINCT tag FROM release_tags ORDER BY tag"));
}

std::vector<std::string> all_update_types(state::Database& database) {
    return texts(
        database.query("SELECT DISTINCT document->>'$.updates[0].type_info.type' FROM artifacts ORDER BY 1"));
}

} // namespace two_path::host::embedded
