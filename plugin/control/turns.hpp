/// Whose turn it is to transfer.
#pragma once

#include "plugin/turn_rules.hpp"
#include "protocol/error.hpp"

#include <cstddef>
#include <string_view>

namespace two_path::control {

/// busy, saying when to come again, while the group's hours are not now. `minute` is local, of the day.
[[nodiscard]] Result<void> check_hours(const TurnRules& rules, std::string_view group, unsigned minute);

/// busy when as many transfer already as may; `running` without the one that asks.
[[nodiscard]] Result<void> check_room(const TurnRules& rules, std::size_t running);

} // namespace two_path::control
