// What the store keeps for how long.
#include "plugin/state/store.hpp"

namespace two_path::state {

std::uint64_t Store::forget_sessions(const Forgetting& rule) {
    // Sessions are numerous and small: by the order of their opening, which has an index.
    std::int64_t beyond = 0;
    {
        auto query = database_.query("SELECT opened FROM sessions ORDER BY opened DESC LIMIT 1 OFFSET ?");
        query.with(rule.most);
        if (query.next()) beyond = query.number(0);
    }
    database_
        .query(
            "DELETE FROM sessions WHERE id IN (SELECT s.id FROM sessions s "
            "WHERE s.state IN ('committed', 'rolled_back', 'failed', 'expired', 'aborted') "
            "AND (s.changed < ?1 OR (s.opened <= ?2 AND s.changed < ?3)) "
            // Owed, as long as there is somebody to tell.
            "AND (?5 OR s.id NOT IN (SELECT session FROM notices)) "
            "AND s.id NOT IN (SELECT session FROM redeployments) "
            // What tells how far a device has come, as long as its release is here.
            "AND NOT (s.state = 'committed' AND EXISTS (SELECT 1 FROM releases r WHERE r.name = s.release) "
            "AND NOT EXISTS (SELECT 1 FROM sessions n WHERE n.device = s.device AND n.release = s.release "
            "AND n.state = 'committed' AND n.opened > s.opened)) "
            "ORDER BY s.opened LIMIT ?4)")
        .with(rule.before, beyond, rule.young, rule.limit, !notice_body_)
        .run();
    return static_cast<std::uint64_t>(database_.changes());
}

} // namespace two_path::state
