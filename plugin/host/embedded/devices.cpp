#include "plugin/host/embedded/devices.hpp"

#include "plugin/host/embedded/canonical.hpp"
#include "plugin/host/embedded/device_deployments.hpp"
#include "plugin/host/embedded/identifier.hpp"
#include "plugin/log.hpp"
#include "protocol/digest.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>

namespace two_path::host::embedded {
namespace {

/// Anyone may ask to come in, so what waits for the operator is bounded.
constexpr std::int64_t max_pending = 10'000;
constexpr std::int64_t max_keys = 20;

/// What DeviceFilter asks for; bind_filter() binds it.
constexpr std::string_view matching =
    " FROM devices d WHERE (?1 = '' OR (SELECT status FROM device_statuses s WHERE s.id = d.id) = ?1)"
    " AND (?2 = '[]' OR d.id IN (SELECT value FROM json_each(?2))) AND (?3 = '' OR d.group_name = ?3)";

std::string select_matching(std::string_view columns, std::string_view order = {}) {
    return std::string("SELECT ").append(columns).append(matching).append(order);
}

void bind_filter(state::Query& query, const DeviceFilter& filter) {
    json::array ids;
    for (const auto& id : filter.ids)
        ids.emplace_back(id);
    query.with(filter.status, json::serialize(ids), filter.group);
}

AuthSet read_auth_set(const state::Query& row) {
    return {row.text(0), row.text(1), row.text(2), row.text(3), row.text(4), row.number(5)};
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

void add_auth_sets(state::Database& database, Device& device) {
    auto rows = database.query("SELECT id, device, public_key, status, token, created FROM auth_sets "
                               "WHERE device = ? ORDER BY rowid");
    rows.bind(device.id);
    while (rows.next())
        device.auth_sets.push_back(read_auth_set(rows));
}

std::int64_t count(state::Database& database, std::string_view sql, std::string_view value) {
    auto counted = database.query(sql);
    counted.bind(value);
    return counted.next() ? counted.number(0) : 0;
}

/// Its id; made when the identity is new, and then `fresh` is true.
std::string device_of_identity(state::Database& database, const json::object& identity, std::int64_t now,
                               bool& fresh) {
    const auto data = canonical(identity);
    const auto hash = digest_of(DigestKind::sha256, bytes_of(data)).hex();
    {
        auto known = database.query("SELECT id FROM devices WHERE identity = ?");
        known.bind(hash);
        if (known.next()) return known.text(0);
    }
    fresh = true;
    const auto id = make_uuid();
    database
        .query("INSERT INTO devices (id, identity, identity_data, created, updated, checked_in) "
               "VALUES (?, ?, ?, ?, ?, ?)")
        .with(id, hash, data, now, now, now)
        .run();
    return id;
}

std::optional<AuthSet> auth_set_of_key(state::Database& database, const std::string& device,
                                       const std::string& public_key) {
    auto known = database.query("SELECT id, device, public_key, status, token, created FROM auth_sets "
                                "WHERE device = ? AND public_key = ?");
    known.with(device, public_key);
    if (!known.next()) return std::nullopt;
    return read_auth_set(known);
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

Result<AuthSet> check_in(state::Database& database, const json::object& identity,
                         const std::string& public_key, Acceptance acceptance, std::int64_t now) {
    state::Transaction transaction(database);
    bool fresh = false;
    const auto device = device_of_identity(database, identity, now, fresh);
    auto set = auth_set_of_key(database, device, public_key);
    if (set) {
        database.query("UPDATE devices SET checked_in = ? WHERE id = ?").with(now, device).run();
        transaction.commit();
        return *set;
    }
    const bool accept = fresh && acceptance == Acceptance::automatic;
    if (!accept &&
        count(database, "SELECT count(*) FROM auth_sets WHERE status = ?", "pending") >= max_pending)
        return fail(Errc::busy, "too many devices wait for the operator");
    if (count(database, "SELECT count(*) FROM auth_sets WHERE device = ?", device) >= max_keys)
        return fail(Errc::busy, "this device has shown too many keys; the operator must remove it");
    set = AuthSet{make_uuid(), device, public_key, accept ? "accepted" : "pending", make_uuid(), now};
    database
        .query("INSERT INTO auth_sets (id, device, public_key, status, token, created) VALUES (?, ?, ?, ?, "
               "?, ?)")
        .with(set->id, set->device, set->public_key, set->status, set->token, set->created)
        .run();
    transaction.commit();
    if (!accept) log(Level::notice, "device " + device + " waits to be accepted");
    return *set;
}

std::optional<Device> find_device(state::Database& database, std::string_view id) {
    auto devices = list_devices(database, {"", {std::string(id)}, ""}, {0, 1});
    if (devices.empty()) return std::nullopt;
    return std::move(devices.front());
}

std::vector<Device> list_devices(state::Database& database, const DeviceFilter& filter, Page page) {
    std::vector<Device> devices;
    {
        auto rows =
            database.query(select_matching("id, identity_data, group_name, created, updated, checked_in",
                                           " ORDER BY rowid LIMIT ?4 OFFSET ?5"));
        bind_filter(rows, filter);
        rows.with(page.limit, page.offset);
        while (rows.next())
            devices.push_back(read_device(rows));
    }
    for (auto& device : devices)
        add_auth_sets(database, device);
    return devices;
}

std::int64_t count_devices(state::Database& database, const DeviceFilter& filter) {
    auto counted = database.query(select_matching("count(*)"));
    bind_filter(counted, filter);
    return counted.next() ? counted.number(0) : 0;
}

std::vector<std::string> accepted_devices(state::Database& database, const std::string& group) {
    auto rows = database.query(select_matching("id", " ORDER BY rowid"));
    bind_filter(rows, {"accepted", {}, group});
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
    database.query("UPDATE auth_sets SET status = ?1, token = ?2 WHERE id = ?3 AND status <> ?1")
        .with(status, make_uuid(), auth_set)
        .run();
    database.query("UPDATE devices SET updated = ? WHERE id = ?").with(now, device).run();
    transaction.commit();
    return {};
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

} // namespace two_path::host::embedded
