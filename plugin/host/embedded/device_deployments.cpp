#include "plugin/host/embedded/device_deployments.hpp"

namespace two_path::host::embedded {
namespace {

/// What read_part() reads, of `device_deployments p`.
constexpr std::string_view part_columns =
    "p.deployment, p.device, p.status, p.substate, p.artifact, p.created, p.started, p.finished, "
    "EXISTS (SELECT 1 FROM deployment_logs l WHERE l.deployment = p.deployment AND l.device = p.device)";

/// `status` is one of Mender's names, or one of the groups that its API knows beside them.
constexpr std::string_view status_matches =
    " AND (?2 = '' OR p.status = ?2 OR (?2 = 'active' AND p.finished IS NULL)"
    " OR (?2 = 'finished' AND p.finished IS NOT NULL)"
    " OR (?2 = 'pause' AND p.status LIKE 'pause\\_%' ESCAPE '\\'))";

DevicePart read_part(const state::Query& row) {
    DevicePart part;
    part.deployment = row.text(0);
    part.device = row.text(1);
    part.status = device_status_from_name(row.text(2)).value_or(DeviceStatus::failure);
    part.substate = row.text(3);
    part.artifact = row.text_or_none(4);
    part.created = row.number(5);
    part.started = row.number_or_none(6);
    part.finished = row.number_or_none(7);
    part.has_log = row.number(8) != 0;
    return part;
}

std::vector<DevicePart> read_parts(state::Query rows) {
    std::vector<DevicePart> parts;
    while (rows.next())
        parts.push_back(read_part(rows));
    return parts;
}

std::string select_parts(std::string_view rest) {
    return std::string("SELECT ").append(part_columns).append(rest);
}

std::string with_status(std::string_view select, std::string_view order = {}) {
    return std::string(select).append(status_matches).append(order);
}

void finish_when_done(state::Database& database, const std::string& deployment, std::int64_t now) {
    database
        .query("UPDATE deployments SET finished = ?1 WHERE id = ?2 AND finished IS NULL AND NOT EXISTS "
               "(SELECT 1 FROM device_deployments WHERE deployment = ?2 AND finished IS NULL)")
        .with(now, deployment)
        .run();
}

} // namespace

std::optional<DevicePart> find_part(state::Database& database, const std::string& deployment,
                                    const std::string& device) {
    auto rows =
        database.query(select_parts(" FROM device_deployments p WHERE p.deployment = ? AND p.device = ?"));
    rows.with(deployment, device);
    if (!rows.next()) return std::nullopt;
    return read_part(rows);
}

std::optional<Order> oldest_unfinished(state::Database& database, const std::string& device, bool begun) {
    auto rows = database.query(select_parts(", d.artifact_name, d.forced FROM device_deployments p "
                                            "JOIN deployments d ON d.id = p.deployment WHERE p.device = ? "
                                            "AND p.finished IS NULL AND (NOT ? OR p.artifact IS NOT NULL) "
                                            "ORDER BY d.sequence LIMIT 1"));
    rows.with(device, begun);
    if (!rows.next()) return std::nullopt;
    return Order{read_part(rows), rows.text(9), rows.number(10) != 0};
}

std::optional<std::string> unfinished_of(state::Database& database, const std::string& device,
                                         const std::string& artifact_name) {
    auto rows = database.query("SELECT d.id FROM device_deployments p JOIN deployments d ON d.id = "
                               "p.deployment WHERE p.device = ? AND p.finished IS NULL AND "
                               "d.artifact_name = ? ORDER BY d.sequence LIMIT 1");
    rows.with(device, artifact_name);
    if (!rows.next()) return std::nullopt;
    return rows.text(0);
}

std::vector<DevicePart> parts_of_deployment(state::Database& database, const std::string& deployment,
                                            const std::string& status, Page page) {
    auto rows = database.query(with_status(select_parts(" FROM device_deployments p WHERE p.deployment = ?1"),
                                           " ORDER BY p.device LIMIT ?3 OFFSET ?4"));
    rows.with(deployment, status, page.limit, page.offset);
    return read_parts(std::move(rows));
}

std::int64_t count_parts_of_deployment(state::Database& database, const std::string& deployment,
                                       const std::string& status) {
    auto rows =
        database.query(with_status("SELECT count(*) FROM device_deployments p WHERE p.deployment = ?1"));
    rows.with(deployment, status);
    return rows.next() ? rows.number(0) : 0;
}

std::vector<DevicePart> parts_of_device(state::Database& database, const std::string& device,
                                        const std::string& status, Page page) {
    auto rows = database.query(
        with_status(select_parts(" FROM device_deployments p "
                                 "JOIN deployments d ON d.id = p.deployment WHERE p.device = ?1"),
                    " ORDER BY d.sequence DESC LIMIT ?3 OFFSET ?4"));
    rows.with(device, status, page.limit, page.offset);
    return read_parts(std::move(rows));
}

std::int64_t count_parts_of_device(state::Database& database, const std::string& device,
                                   const std::string& status) {
    auto rows = database.query(with_status("SELECT count(*) FROM device_deployments p WHERE p.device = ?1"));
    rows.with(device, status);
    return rows.next() ? rows.number(0) : 0;
}

void assign_artifact(state::Database& database, const DevicePart& part, const std::string& artifact,
                     std::int64_t now) {
    if (part.artifact == artifact) return;
    database
        .query("UPDATE device_deployments SET artifact = ?, started = coalesce(started, ?) "
               "WHERE deployment = ? AND device = ?")
        .with(artifact, now, part.deployment, part.device)
        .run();
}

void set_part_status(state::Database& database, const std::string& deployment, const std::string& device,
                     DeviceStatus status, const std::string& substate, std::int64_t now) {
    const auto finished = is_finished(status) ? std::optional(now) : std::nullopt;
    database
        .query("UPDATE device_deployments SET status = ?, substate = ?, finished = ? "
               "WHERE deployment = ? AND device = ?")
        .with(name_of(status), substate, finished, deployment, device)
        .run();
    if (finished) finish_when_done(database, deployment, now);
}

void end_unfinished_of(state::Database& database, const std::string& device, DeviceStatus status,
                       std::int64_t now) {
    std::vector<std::string> deployments;
    {
        auto rows =
            database.query("SELECT deployment FROM device_deployments WHERE device = ? AND finished IS NULL");
        rows.bind(device);
        while (rows.next())
            deployments.push_back(rows.text(0));
    }
    for (const auto& deployment : deployments)
        set_part_status(database, deployment, device, status, "", now);
}

void set_log(state::Database& database, const std::string& deployment, const std::string& device,
             const std::string& lines) {
    database
        .query("INSERT INTO deployment_logs (deployment, device, lines) VALUES (?, ?, ?) "
               "ON CONFLICT DO UPDATE SET lines = excluded.lines")
        .with(deployment, device, lines)
        .run();
}

std::optional<std::string> find_log(state::Database& database, const std::string& deployment,
                                    const std::string& device) {
    auto rows = database.query("SELECT lines FROM deployment_logs WHERE deployment = ? AND device = ?");
    rows.with(deployment, device);
    if (!rows.next()) return std::nullopt;
    return rows.text(0);
}

} // namespace two_path::host::embedded
