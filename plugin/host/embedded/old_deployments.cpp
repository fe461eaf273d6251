#include "plugin/host/embedded/old_deployments.hpp"

#include <string_view>

namespace two_path::host::embedded {
namespace {

/// Each up to 1 MiB, and overwritten.
constexpr std::int64_t most_logs = 20;
constexpr std::int64_t most_rows = 1000;

/// What refers to a deployment goes before it, so that no step is larger than its bound.
bool forget(state::Database& database, std::string_view sql, std::int64_t time, std::int64_t most) {
    state::Transaction transaction(database);
    database.query(sql).with(time, most).run();
    const bool more = database.changes() == most;
    transaction.commit();
    return more;
}

} // namespace

bool forget_deployments(state::Database& database, std::int64_t time) {
    if (forget(
            database,
            "DELETE FROM deployment_logs WHERE (deployment, device) IN (SELECT l.deployment, l.device FROM "
            "deployments d JOIN deployment_logs l ON l.deployment = d.id WHERE d.finished < ? LIMIT ?)",
            time, most_logs))
        return true;
    if (forget(database,
               "DELETE FROM device_deployments WHERE (deployment, device) IN (SELECT p.deployment, p.device "
               "FROM "
               "deployments d JOIN device_deployments p ON p.deployment = d.id WHERE d.finished < ? LIMIT ?)",
               time, most_rows))
        return true;
    return forget(database,
                  "DELETE FROM deployments WHERE sequence IN (SELECT sequence FROM deployments WHERE "
                  "finished < ? LIMIT ?)",
                  time, most_rows);
}

} // namespace two_path::host::embedded
