#include "plugin/control/turns.hpp"

#include <algorithm>

namespace two_path::control {

Result<void> check_hours(const TurnRules& rules, std::string_view group, unsigned minute) {
    const auto has_own = std::ranges::any_of(
        rules.hours, [&](const GroupHours& one) { return !group.empty() && one.group == group; });
    const auto wanted = has_own ? group : std::string_view("*");
    std::string listed;
    for (const auto& one : rules.hours) {
        if (one.group != wanted) continue;
        if (one.hours.contains(minute)) return {};
        listed.append(listed.empty() ? "" : ", ").append(one.hours.text());
    }
    if (listed.empty()) return {};
    return fail(Errc::busy, "updates of " + (group.empty() ? "this device" : "group " + std::string(group)) +
                                " run at " + listed + ", the server's time");
}

Result<void> check_room(const TurnRules& rules, std::size_t running) {
    if (rules.most_transfers == 0 || running < rules.most_transfers) return {};
    return fail(Errc::busy, std::to_string(running) + " devices transfer now, which is as many as may");
}

} // namespace two_path::control
