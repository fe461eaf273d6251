#include "plugin/state/store.hpp"

#include "protocol/encoding.hpp"

namespace two_path::state {
namespace {

std::string select_releases(std::string_view rest) {
    return std::string("SELECT descriptor, published, artifact, gone, EXISTS (SELECT 1 FROM "
                       "unsigned_artifacts u WHERE u.release = name) FROM releases ")
        .append(rest);
}

Release read_release(const Query& query) {
    Release release;
    release.text = query.text(0);
    release.published = query.number(1);
    release.artifact = query.text_or_none(2);
    release.gone = query.number_or_none(3);
    release.awaits_signature = query.number(4) != 0;
    auto descriptor = parse_descriptor(release.text);
    if (!descriptor)
        throw std::runtime_error("the state database holds a release that cannot be read: " +
                                 descriptor.error().message());
    release.descriptor = std::move(*descriptor);
    return release;
}

} // namespace

std::optional<Release> Store::release(std::string_view name) {
    auto query = database_.query(select_releases("WHERE name = ?"));
    query.with(name);
    if (!query.next()) return std::nullopt;
    return read_release(query);
}

std::vector<Release> Store::releases() {
    auto query = database_.query(select_releases("ORDER BY published DESC, name"));
    std::vector<Release> all;
    while (query.next())
        all.push_back(read_release(query));
    return all;
}

void Store::add_release(const Release& release) {
    const auto& descriptor = release.descriptor;
    Transaction transaction(database_);
    database_
        .query("INSERT INTO releases (name, version, version_check, stream, sequence, block_size, "
               "reboot_always, descriptor, published) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)")
        .with(descriptor.release, descriptor.version, descriptor.version_check, descriptor.stream,
              descriptor.sequence, descriptor.block_size, descriptor.installer.reboot == Reboot::always,
              release.text, release.published)
        .run();
    for (const auto& file : descriptor.files)
        database_.query("INSERT INTO release_files (release, id, name, size) VALUES (?, ?, ?, ?)")
            .with(descriptor.release, file.id, file.name, file.wire_size)
            .run();
    transaction.commit();
}

bool Store::remove_release(std::string_view name) {
    database_.query("DELETE FROM releases WHERE name = ?").with(name).run();
    return database_.changes() > 0;
}

bool Store::found_artifact(std::string_view release, std::string_view artifact) {
    Transaction transaction(database_);
    database_.query("DELETE FROM unsigned_artifacts WHERE release = ?").with(release).run();
    database_.query("UPDATE releases SET artifact = ?, gone = NULL WHERE name = ?")
        .with(artifact, release)
        .run();
    const bool known = database_.changes() > 0;
    transaction.commit();
    return known;
}

void Store::keep_unsigned(std::string_view release, std::string_view artifact) {
    database_.query("INSERT INTO unsigned_artifacts (release, artifact) VALUES (?, ?)")
        .with(release, to_base64(bytes_of(artifact)))
        .run();
}

std::optional<std::string> Store::unsigned_artifact(std::string_view release) {
    auto query = database_.query("SELECT artifact FROM unsigned_artifacts WHERE release = ?");
    query.with(release);
    if (!query.next()) return std::nullopt;
    const auto bytes = from_base64(query.text(0));
    if (!bytes) throw std::runtime_error("the state database holds an artifact that cannot be read");
    return std::string(bytes->begin(), bytes->end());
}

void Store::missed_artifact(std::string_view release, std::int64_t when) {
    database_.query("UPDATE releases SET gone = ? WHERE name = ?").with(when, release).run();
}

std::vector<std::string> Store::releases_with(std::string_view payload) {
    auto query = database_.query("SELECT DISTINCT release FROM release_files WHERE id = ? ORDER BY release");
    query.with(payload);
    std::vector<std::string> names;
    while (query.next())
        names.push_back(query.text(0));
    return names;
}

std::map<std::string, std::uint64_t> Store::committed(std::string_view device) {
    auto query =
        database_.query("SELECT r.stream, max(r.sequence) FROM sessions s JOIN releases r ON r.name "
                        "= s.release WHERE s.device = ? AND s.state = 'committed' GROUP BY r.stream");
    query.with(device);
    std::map<std::string, std::uint64_t> sequences;
    while (query.next())
        sequences.emplace(query.text(0), static_cast<std::uint64_t>(query.number(1)));
    return sequences;
}

} // namespace two_path::state
