#include "plugin/host/embedded/devices.hpp"

#include "plugin/host/embedded/device_deployments.hpp"
#include "plugin/host/embedded/identifier.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>

namespace two_path::host::embedded {
namespace {

/// What read_device() reads.
constexpr std::string_view device_columns = "id, identity_data, group_name, created, updated, checked_in";

/// What DeviceFilter asks for; bind_filter() binds it.
constexpr std::string_view matching_devices =
    " FROM devices d WHERE (?1 = '[]' OR (SELECT status FROM device_statuses s WHERE s.id = d.id)"
    " IN (SELECT value FROM json_each(?1)))"
    " AND (?2 = '[]' OR d.id IN (SELECT value FROM json_each(?2))) AND (?3 = '' OR d.group_name = ?3)";

std::string select_devices(std::string_view columns, std::string_view order = {}) {
    return std::string("SELECT ").append(columns).append(matching_devices).append(order);
}

void bind_filter(state::Query& query, const DeviceFilter& filter) {
    const json::array statuses(filter.statuses.begin(), filter.statuses.end());
    const json::array ids(filter.ids.begin(), filter.ids.end());
    query.with(json::serialize(statuses), json::serialize(ids), filter.group);
}

Device read_device(const state::Query& row) {
    Device device;
    device.id = row.text(0);
    device.identity = json::parse(row.text(1)).as_object();
    device.group = row.text_or_none(2);
    device.created = row.number(3);
    device.updated = row.number(4);
    device.checked_in = row.number(5);
    return device;
}

} // namespace

std::string_view Device::status() const {
    const auto has = [this](std::string_view wanted) {
        return std::any_of(auth_sets.begin(), auth_sets.end(),
                           [wanted](const AuthSet& set) { return set.status == wanted; });
    };
    if (has("accepted")) return "accepted";
    return has("pending") ? "pending" : "rejected";
}

std::optional<Device> find_device(state::Database& database, std::string_view id) {
    std::optional<Device> device;
    {
        auto rows = database.query(
            std::string("SELECT ").append(device_columns).append(" FROM devices WHERE id = ?"));
        rows.bind(id);
        if (!rows.next()) return std::nullopt;
        device = read_device(rows);
    }
    device->auth_sets = auth_sets_of(database, device->id);
    return device;
}

std::vector<Device> list_devices(state::Database& database, const DeviceFilter& filter, Page page) {
    std::vector<Device> devices;
    {
        auto rows = database.query(select_devices(device_columns, " ORDER BY rowid LIMIT ?4 OFFSET ?5"));
        bind_filter(rows, filter);
        rows.with(page.limit, page.offset);
        while (rows.next())
            devices.push_back(read_device(rows));
    }
    for (auto& device : devices)
        device.auth_sets = auth_sets_of(database, device.id);
    return devices;
}

std::int64_t count_devices(state::Database& database, const DeviceFilter& filter) {
    auto counted = database.query(select_devices("count(*)"));
    bind_filter(counted, filter);
    return counted.next() ? counted.number(0) : 0;
}

bool is_accepted(state::Database& database, const std::string& device) {
    auto found = database.query("SELECT 1 FROM auth_sets WHERE device = ? AND status = 'accepted'");
    found.bind(device);
    return found.next();
}

std::vector<std::string> accepted_devices(state::Database& database, const std::string& group) {
    auto rows = database.query(select_devices("id", " ORDER BY rowid"));
    bind_filter(rows, DeviceFilter{{"accepted"}, {}, group});
    std::vector<std::string> ids;
    while (rows.next())
        ids.push_back(rows.text(0));
    return ids;
}

Result<void> set_status(state::Database& database, const std::string& device, const std::string& auth_set,
                        const std::string& status, std::int64_t now) {
    state::Transaction transaction(database);
    {
        auto known = database.query("SELECT 1 FROM auth_sets WHERE id = ? AND device = ?");
        known.with(auth_set, device);
        if (!known.next()) return fail(Errc::not_found, "no such device or authentication set");
    }
    if (status == "accepted")
        database
            .query("UPDATE auth_sets SET status = 'rejected' WHERE device = ? AND id <> ? AND status = "
                   "'accepted'")
            .with(device, auth_set)
            .run();
    database.query("UPDATE auth_sets SET status = ?1, token = ?2, decided = 1 WHERE id = ?3 AND status <> ?1")
        .with(status, make_uuid(), auth_set)
        .run();
    database.query("UPDATE devices SET updated = ? WHERE id = ?").with(now, device).run();
    transaction.commit();
    return {};
}

Result<void> remove_auth_set(state::Database& database, const std::string& device,
                             const std::string& auth_set, std::int64_t now) {
    state::Transaction transaction(database);
    database.query("DELETE FROM auth_sets WHERE id = ? AND device = ?").with(auth_set, device).run();
    if (database.changes() == 0) return fail(Errc::not_found, "no such device or authentication set");
    database.query("UPDATE devices SET updated = ? WHERE id = ?").with(now, device).run();
    transaction.commit();
    return {};
}

bool revoke_token(state::Database& database, std::string_view token) {
    database.query("UPDATE auth_sets SET token = ? WHERE token = ?").with(make_uuid(), token).run();
    return database.changes() > 0;
}

Result<void> decommission(state::Database& database, const std::string& device, std::int64_t now) {
    state::Transaction transaction(database);
    database.query("DELETE FROM devices WHERE id = ?").with(device).run();
    if (database.changes() == 0) return fail(Errc::not_found, "no such device");
    end_unfinished_of(database, device, DeviceStatus::decommissioned, now);
    transaction.commit();
    return {};
}

std::optional<std::string> device_by_token(state::Database& database, std::string_view token) {
    auto found = database.query("SELECT device FROM auth_sets WHERE token = ? AND status = 'accepted'");
    found.bind(token);
    if (!found.next()) return std::nullopt;
    return found.text(0);
}

void note_contact(state::Database& database, const std::string& device, std::int64_t now) {
    {
        auto old = database.query("SELECT 1 FROM devices WHERE id = ? AND abs(? - checked_in) >= ?");
        old.with(device, now, noted_every);
        if (!old.next()) return;
    }
    database.query("UPDATE devices SET checked_in = ? WHERE id = ?").with(now, device).run();
}

} // namespace two_path::host::embedded
