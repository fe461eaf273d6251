#include "plugin/host/embedded/artifacts.hpp"

#include "plugin/host/embedded/artifact_document.hpp"
#include "plugin/host/embedded/canonical.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>

namespace two_path::host::embedded {
namespace {

constexpr std::string_view artifact_columns = "id, name, document, sha256, size, modified";

std::string select_artifacts(std::string_view rest) {
    return std::string("SELECT ").append(artifact_columns).append(" FROM artifacts ").append(rest);
}

/// What ArtifactFilter asks for; bind_filter() binds it.
constexpr std::string_view matching_artifacts =
    "WHERE (?1 = '[]' OR EXISTS (SELECT 1 FROM json_each(?1) w WHERE CASE WHEN w.value LIKE '%*' THEN "
    "substr(name, 1, length(w.value) - 1) = substr(w.value, 1, length(w.value) - 1) "
    "ELSE name = w.value END)) AND (?2 = '' OR instr(lower(document->>'$.description'), lower(?2)) > 0) "
    "AND (?3 = '' OR id IN (SELECT artifact FROM artifact_device_types WHERE device_type = ?3)) ";

void bind_filter(state::Query& query, const ArtifactFilter& filter) {
    const json::array names(filter.names.begin(), filter.names.end());
    query.with(json::serialize(names), filter.description, filter.device_type);
}

StoredArtifact read_artifact_row(const state::Query& row) {
    StoredArtifact artifact;
    artifact.id = row.text(0);
    artifact.name = row.text(1);
    artifact.document = json::parse(row.text(2)).as_object();
    artifact.sha256 = row.text(3);
    artifact.size = static_cast<std::uint64_t>(row.number(4));
    artifact.modified = row.number(5);
    return artifact;
}

std::vector<StoredArtifact> read_all(state::Query rows) {
    std::vector<StoredArtifact> artifacts;
    while (rows.next())
        artifacts.push_back(read_artifact_row(rows));
    return artifacts;
}

std::string depends_without_type(json::object depends) {
    depends.erase("device_type");
    return canonical(depends);
}

bool is_taken(state::Database& database, const catalog::Artifact& artifact, const std::string& depends) {
    for (const auto& type : artifact.device_types) {
        auto same =
            database.query("SELECT 1 FROM artifacts a JOIN artifact_device_types t ON t.artifact = a.id "
                           "WHERE a.name = ? AND a.depends = ? AND t.device_type = ? LIMIT 1");
        same.with(artifact.name, depends, type);
        if (same.next()) return true;
    }
    return false;
}

/// A dependency is one text, or a list of those that serve.
bool allows(const json::value& wanted, std::string_view have) {
    const auto is_it = [have](const json::value& one) { return one.is_string() && one.get_string() == have; };
    const auto* list = wanted.if_array();
    return list == nullptr ? is_it(wanted) : std::any_of(list->begin(), list->end(), is_it);
}

/// What the device has under a name; none when it cannot be told.
std::optional<std::string> provided(const Installed& installed, std::string_view name) {
    if (name == "artifact_name") return installed.artifact_name;
    if (name == "device_type") return installed.device_type;
    const auto found = installed.provides.find(std::string(name));
    if (found != installed.provides.end()) return found->second;
    return installed.complete ? std::optional<std::string>("") : std::nullopt;
}

} // namespace

std::vector<std::string> StoredArtifact::device_types() const {
    std::vector<std::string> types;
    for (const auto& type : document.at("device_types_compatible").as_array())
        types.emplace_back(type.as_string());
    return types;
}

std::string StoredArtifact::payload_type() const {
    const auto& update = document.at("updates").as_array().at(0);
    return std::string(update.at("type_info").at("type").as_string());
}

std::vector<host::ArtifactFile> StoredArtifact::files() const {
    std::vector<host::ArtifactFile> files;
    for (const auto& update : document.at("updates").as_array()) {
        for (const auto& file : update.at("files").as_array())
            files.push_back(
                {std::string(file.at("name").as_string()), std::string(file.at("checksum").as_string())});
    }
    return files;
}

Result<void> add_artifact(state::Database& database, const catalog::Artifact& artifact, const Upload& upload,
                          std::int64_t now) {
    const auto depends = depends_without_type(artifact.depends);
    state::Transaction transaction(database);
    if (is_taken(database, artifact, depends) || is_stored(database, upload.sha256))
        return fail(Errc::conflict, "an artifact of this name is there already for the same device type");
    if (find_artifact(database, upload.id)) return fail(Errc::conflict, "an artifact has this id already");
    database
        .query("INSERT INTO artifacts (id, name, depends, document, sha256, size, modified) "
               "VALUES (?, ?, ?, ?, ?, ?, ?)")
        .with(upload.id, artifact.name, depends, json::serialize(document_of(artifact, upload, now)),
              upload.sha256, artifact.size, now)
        .run();
    for (const auto& type : artifact.device_types)
        database
            .query("INSERT INTO artifact_device_types (artifact, device_type) VALUES (?, ?) ON CONFLICT DO "
                   "NOTHING")
            .with(upload.id, type)
            .run();
    transaction.commit();
    return {};
}

std::optional<StoredArtifact> find_artifact(state::Database& database, std::string_view id) {
    auto rows = database.query(select_artifacts("WHERE id = ?"));
    rows.bind(id);
    if (!rows.next()) return std::nullopt;
    return read_artifact_row(rows);
}

std::vector<StoredArtifact> artifacts_called(state::Database& database, const std::string& name) {
    auto rows = database.query(select_artifacts("WHERE name = ? ORDER BY sequence"));
    rows.bind(name);
    return read_all(std::move(rows));
}

std::vector<StoredArtifact> list_artifacts(state::Database& database, const ArtifactFilter& filter,
                                           Page page) {
    auto rows = database.query(
        select_artifacts(std::string(matching_artifacts).append("ORDER BY sequence LIMIT ?4 OFFSET ?5")));
    bind_filter(rows, filter);
    rows.with(page.limit, page.offset);
    return read_all(std::move(rows));
}

std::int64_t count_artifacts(state::Database& database, const ArtifactFilter& filter) {
    auto rows = database.query(std::string("SELECT count(*) FROM artifacts ").append(matching_artifacts));
    bind_filter(rows, filter);
    return rows.next() ? rows.number(0) : 0;
}

bool describe_artifact(state::Database& database, std::string_view id, const std::string& description) {
    database.query("UPDATE artifacts SET document = json_set(document, '$.description', ?) WHERE id = ?")
        .with(description, id)
        .run();
    return database.changes() > 0;
}

bool is_stored(state::Database& database, std::string_view sha256) {
    auto rows = database.query("SELECT 1 FROM artifacts WHERE sha256 = ?");
    rows.bind(sha256);
    return rows.next();
}

void remove_artifacts(state::Database& database, const std::vector<StoredArtifact>& artifacts) {
    state::Transaction transaction(database);
    for (const auto& artifact : artifacts)
        database.query("DELETE FROM artifacts WHERE id = ?").with(artifact.id).run();
    database.query("DELETE FROM release_notes WHERE release NOT IN (SELECT name FROM artifacts)").run();
    database.query("DELETE FROM release_tags WHERE release NOT IN (SELECT name FROM artifacts)").run();
    transaction.commit();
}

bool suits(const StoredArtifact& artifact, const Installed& installed) {
    const auto types = artifact.device_types();
    if (std::find(types.begin(), types.end(), installed.device_type) == types.end()) return false;
    const auto& depends = artifact.document.at("artifact_depends").as_object();
    return std::all_of(depends.begin(), depends.end(), [&installed](const json::key_value_pair& depend) {
        const auto have = provided(installed, depend.key());
        return !have || allows(depend.value(), *have);
    });
}

std::optional<StoredArtifact> artifact_for(state::Database& database, const std::string& name,
                                           const Installed& installed) {
    for (auto& artifact : artifacts_called(database, name)) {
        if (suits(artifact, installed)) return std::move(artifact);
    }
    return std::nullopt;
}

} // namespace two_path::host::embedded
