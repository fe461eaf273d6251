/// Parts of the day in which something is allowed.
#pragma once

#include <ctime>
#include <optional>
#include <string>
#include <string_view>

namespace two_path {

/// From `begin` up to, not including, `end`, in minutes after local midnight; over midnight where it ends
/// before it begins.
struct DayHours {
    static constexpr unsigned day = 24 * 60;

    unsigned begin{0}; ///< below `day`
    unsigned end{0};   ///< below `day`, and not `begin`

    /// `HH:MM-HH:MM`; none for anything else.
    [[nodiscard]] static std::optional<DayHours> parse(std::string_view text) noexcept;

    [[nodiscard]] bool contains(unsigned minute) const noexcept;
    /// Minutes from `minute` to the next beginning; 0 while it lasts.
    [[nodiscard]] unsigned wait_from(unsigned minute) const noexcept;
    [[nodiscard]] std::string text() const;
};

/// Minutes after midnight in this machine's time zone (TZ).
[[nodiscard]] unsigned minute_of_day(std::time_t now) noexcept;

} // namespace two_path
