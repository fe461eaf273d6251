#include "plugin/host/embedded/auth_sets.hpp"

#include "plugin/host/embedded/canonical.hpp"
#include "plugin/host/embedded/identifier.hpp"
#include "plugin/log.hpp"
#include "protocol/digest.hpp"

#include <cstdlib>

namespace two_path::host::embedded {
namespace {

constexpr std::int64_t max_keys = 20;

constexpr std::string_view select_sets =
    "SELECT id, device, public_key, status, token, created, asked FROM auth_sets WHERE ";

AuthSet read_auth_set(const state::Query& row) {
    return {row.text(0), row.text(1), row.text(2), row.text(3), row.text(4), row.number(5), row.number(6)};
}

std::int64_t count(state::Database& database, std::string_view column, std::string_view value) {
    auto counted = database.query("SELECT count(*) FROM auth_sets WHERE " + std::string(column) + " = ?");
    counted.bind(value);
    return counted.next() ? counted.number(0) : 0;
}

/// By which a device is known: what it calls itself, without regard to order and space.
struct Identity {
    std::string data;
    std::string hash;

    explicit Identity(const json::object& identity)
      : data(canonical(identity))
      , hash(sha256_hex(data)) {}
};

std::optional<std::string> find_device_of(state::Database& database, const Identity& identity) {
    auto known = database.query("SELECT id FROM devices WHERE identity = ?");
    known.bind(identity.hash);
    if (!known.next()) return std::nullopt;
    return known.text(0);
}

std::string add_device(state::Database& database, const Identity& identity, std::int64_t now) {
    auto id = make_uuid();
    database
        .query("INSERT INTO devices (id, identity, identity_data, created, updated, checked_in) "
               "VALUES (?, ?, ?, ?, ?, ?)")
        .with(id, identity.hash, identity.data, now, now, now)
        .run();
    return id;
}

/// The keys that waited and have not asked since `before`, a hundred at a time, and the devices that have no
/// other.
void forget_silent(state::Database& database, std::int64_t before) {
    std::vector<std::string> devices;
    {
        auto silent = database.query(
            "DELETE FROM auth_sets WHERE rowid IN (SELECT rowid FROM auth_sets WHERE status = 'pending' AND "
            "decided = 0 AND asked < ? LIMIT 100) RETURNING device");
        silent.bind(before);
        while (silent.next())
            devices.push_back(silent.text(0));
    }
    for (const auto& device : devices)
        database
            .query("DELETE FROM devices WHERE id = ? AND NOT EXISTS "
                   "(SELECT 1 FROM auth_sets WHERE device = devices.id)")
            .with(device)
            .run();
}

} // namespace

std::optional<AuthSet> find_auth_set(state::Database& database, const json::object& identity,
                                     const std::string& public_key) {
    const auto device = find_device_of(database, Identity(identity));
    if (!device) return std::nullopt;
    auto known = database.query(std::string(select_sets) + "device = ? AND public_key = ?");
    known.with(*device, public_key);
    if (!known.next()) return std::nullopt;
    return read_auth_set(known);
}

std::vector<AuthSet> auth_sets_of(state::Database& database, const std::string& device) {
    auto rows = database.query(std::string(select_sets) + "device = ? ORDER BY rowid");
    rows.bind(device);
    std::vector<AuthSet> sets;
    while (rows.next())
        sets.push_back(read_auth_set(rows));
    return sets;
}

Result<AuthSet> add_auth_set(state::Database& database, const json::object& identity,
                             const std::string& public_key, const EmbeddedSettings& settings) {
    const auto now = settings.clock.unix_time();
    state::Transaction transaction(database);
    forget_silent(database, now - std::chrono::milliseconds(settings.patience).count());
    const Identity shown(identity);
    const auto known = find_device_of(database, shown);
    const bool accept = !known && settings.acceptance == Acceptance::automatic &&
                        count(database, "status", "accepted") < settings.max_accepted;
    if (!accept && count(database, "status", "pending") >= settings.max_pending)
        return fail(Errc::busy, "too many devices wait for the operator");
    if (known && count(database, "device", *known) >= max_keys)
        return fail(Errc::busy, "this device has shown too many keys; the operator must remove it");
    AuthSet set{make_uuid(), known ? *known : add_device(database, shown, now),
                public_key,  accept ? "accepted" : "pending",
                make_uuid(), now,
                now};
    database
        .query("INSERT INTO auth_sets (id, device, public_key, status, token, created, asked) "
               "VALUES (?, ?, ?, ?, ?, ?, ?)")
        .with(set.id, set.device, set.public_key, set.status, set.token, set.created, set.asked)
        .run();
    transaction.commit();
    if (!accept) log(Level::notice, "device " + set.device + " waits to be accepted");
    return set;
}

void note_request(state::Database& database, const AuthSet& set, std::int64_t now) {
    if (std::abs(now - set.asked) < noted_every) return;
    state::Transaction transaction(database);
    database.query("UPDATE auth_sets SET asked = ? WHERE id = ?").with(now, set.id).run();
    database.query("UPDATE devices SET checked_in = ? WHERE id = ?").with(now, set.device).run();
    transaction.commit();
}

} // namespace two_path::host::embedded
