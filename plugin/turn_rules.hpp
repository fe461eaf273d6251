/// When, and how many at a time, devices may transfer. Changed while the daemon runs.
#pragma once

#include "protocol/day_hours.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace two_path {

/// A part of the day in which the devices of a group may begin.
struct GroupHours {
    std::string group; ///< `*`: of every group that has no hours of its own, and of devices without a group
    DayHours hours;
};

struct TurnRules {
    std::size_t most_fallbacks{0}; ///< sessions whose bulk may go over HTTPS at a time; 0: of none
    std::size_t most_transfers{0}; ///< sessions from open to transferred; 0: any number
    std::vector<GroupHours> hours; ///< of one group: any of them; empty: always
};

} // namespace two_path
