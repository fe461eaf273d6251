#include "plugin/host/embedded/deployments.hpp"

#include "plugin/host/embedded/device_deployments.hpp"
#include "plugin/host/embedded/identifier.hpp"
#include "protocol/digest.hpp"
#include "protocol/json.hpp"

#include <boost/json/serialize.hpp>

#include <algorithm>

namespace two_path::host::embedded {
namespace {

/// What DeploymentFilter asks for; bind_filter() binds it.
constexpr std::string_view matching_deployments =
    " FROM deployments d WHERE (?1 = '' OR (?1 = 'finished') = (finished IS NOT NULL) AND "
    "(?1 = 'finished' OR (?1 = 'pending') = NOT EXISTS "
    "(SELECT 1 FROM device_deployments p WHERE p.deployment = d.id AND p.status <> 'pending')))"
    " AND (?2 = '' OR instr(d.name, ?2) > 0 OR instr(d.artifact_name, ?2) > 0)"
    " AND (?3 = '[]' OR d.id IN (SELECT value FROM json_each(?3)))"
    " AND (?4 = '[]' OR d.name IN (SELECT value FROM json_each(?4)))"
    " AND (?5 IS NULL OR d.created >= ?5) AND (?6 IS NULL OR d.created <= ?6)";

void bind_filter(state::Query& query, const DeploymentFilter& filter) {
    const json::array ids(filter.ids.begin(), filter.ids.end());
    const json::array names(filter.names.begin(), filter.names.end());
    query.with(filter.status, filter.search, json::serialize(ids), json::serialize(names),
               filter.created_after, filter.created_before);
}

std::string select_deployments(std::string_view columns, std::string_view order = {}) {
    return std::string("SELECT ").append(columns).append(matching_deployments).append(order);
}

Deployment read_deployment(const state::Query& row) {
    Deployment deployment;
    deployment.id = row.text(0);
    deployment.name = row.text(1);
    deployment.artifact_name = row.text(2);
    deployment.group = row.text_or_none(3);
    deployment.forced = row.number(4) != 0;
    deployment.created = row.number(5);
    deployment.finished = row.number_or_none(6);
    return deployment;
}

constexpr std::string_view deployment_columns =
    "id, name, artifact_name, group_name, forced, created, finished";

void add_statistics(state::Database& database, Deployment& deployment) {
    auto rows = database.query(
        "SELECT status, count(*) FROM device_deployments WHERE deployment = ? GROUP BY status");
    rows.bind(deployment.id);
    while (rows.next()) {
        if (const auto status = device_status_from_name(rows.text(0)))
            deployment.statistics[*status] = rows.number(1);
    }
}

std::string digest_of_targets(const std::vector<std::string>& sorted_devices) {
    Digest digest(DigestKind::sha256);
    for (const auto& device : sorted_devices)
        digest.update(bytes_of(device));
    return digest.finish().hex();
}

bool is_ordered_already(state::Database& database, const NewDeployment& asked, const std::string& targets) {
    auto same =
        database.query("SELECT 1 FROM deployments WHERE finished IS NULL AND name = ? AND artifact_name = ? "
                       "AND targets = ? LIMIT 1");
    same.with(asked.name, asked.artifact_name, targets);
    return same.next();
}

} // namespace

std::int64_t Deployment::device_count() const {
    std::int64_t count = 0;
    for (const auto& [status, devices] : statistics)
        count += devices;
    return count;
}

std::string_view Deployment::status() const {
    if (finished) return "finished";
    const auto pending = statistics.find(DeviceStatus::pending);
    return pending != statistics.end() && pending->second == device_count() ? "pending" : "inprogress";
}

Result<std::string> create_deployment(state::Database& database, const NewDeployment& asked,
                                      std::int64_t now) {
    auto devices = asked.devices;
    std::sort(devices.begin(), devices.end());
    devices.erase(std::unique(devices.begin(), devices.end()), devices.end());
    const auto targets = digest_of_targets(devices);

    state::Transaction transaction(database);
    if (is_ordered_already(database, asked, targets))
        return fail(Errc::conflict, "the same deployment is not finished yet");
    auto id = make_uuid();
    database
        .query("INSERT INTO deployments (id, name, artifact_name, targets, group_name, forced, created) "
               "VALUES (?, ?, ?, ?, ?, ?, ?)")
        .with(id, asked.name, asked.artifact_name, targets, asked.group, asked.forced, now)
        .run();
    for (const auto& device : devices)
        database
            .query("INSERT INTO device_deployments (deployment, device, status, substate, created) "
                   "VALUES (?, ?, ?, '', ?)")
            .with(id, device, name_of(DeviceStatus::pending), now)
            .run();
    transaction.commit();
    return id;
}

std::optional<Deployment> find_deployment(state::Database& database, std::string_view id) {
    std::optional<Deployment> deployment;
    {
        auto rows = database.query(
            std::string("SELECT ").append(deployment_columns).append(" FROM deployments WHERE id = ?"));
        rows.bind(id);
        if (!rows.next()) return std::nullopt;
        deployment = read_deployment(rows);
    }
    add_statistics(database, *deployment);
    return deployment;
}

std::vector<Deployment> list_deployments(state::Database& database, const DeploymentFilter& filter,
                                         Page page) {
    std::vector<Deployment> deployments;
    {
        auto rows = database.query(select_deployments(
            deployment_columns, filter.oldest_first ? " ORDER BY sequence LIMIT ?7 OFFSET ?8"
                                                    : " ORDER BY sequence DESC LIMIT ?7 OFFSET ?8"));
        bind_filter(rows, filter);
        rows.with(page.limit, page.offset);
        while (rows.next())
            deployments.push_back(read_deployment(rows));
    }
    for (auto& deployment : deployments)
        add_statistics(database, deployment);
    return deployments;
}

std::int64_t count_deployments(state::Database& database, const DeploymentFilter& filter) {
    auto rows = database.query(select_deployments("count(*)"));
    bind_filter(rows, filter);
    return rows.next() ? rows.number(0) : 0;
}

std::vector<std::string> target_devices(state::Database& database, const std::string& id) {
    std::vector<std::string> devices;
    auto rows = database.query("SELECT device FROM device_deployments WHERE deployment = ? ORDER BY device");
    rows.bind(id);
    while (rows.next())
        devices.push_back(rows.text(0));
    return devices;
}

Result<void> abort_deployment(state::Database& database, const std::string& id, std::int64_t now) {
    state::Transaction transaction(database);
    const auto deployment = find_deployment(database, id);
    if (!deployment) return fail(Errc::not_found, "no such deployment");
    if (deployment->finished) return fail(Errc::out_of_order, "the deployment is finished");
    database
        .query("UPDATE device_deployments SET status = ?, finished = ? WHERE deployment = ? AND finished IS "
               "NULL")
        .with(name_of(DeviceStatus::aborted), now, id)
        .run();
    database.query("UPDATE deployments SET finished = ? WHERE id = ?").with(now, id).run();
    transaction.commit();
    return {};
}

void abort_deployments_of(state::Database& database, const std::string& device, std::int64_t now) {
    state::Transaction transaction(database);
    end_unfinished_of(database, device, DeviceStatus::aborted, now);
    transaction.commit();
}

bool is_being_deployed(state::Database& database, const std::string& artifact_name) {
    auto rows =
        database.query("SELECT 1 FROM deployments WHERE finished IS NULL AND artifact_name = ? LIMIT 1");
    rows.bind(artifact_name);
    return rows.next();
}

} // namespace two_path::host::embedded
