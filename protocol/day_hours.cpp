#include "protocol/day_hours.hpp"

#include <cstdio>

namespace two_path {
namespace {

/// `HH:MM`
std::optional<unsigned> parse_minute(std::string_view text) noexcept {
    if (text.size() != 5 || text[2] != ':') return std::nullopt;
    unsigned digits[4];
    const std::string_view places[] = {text.substr(0, 2), text.substr(3, 2)};
    for (unsigned i = 0; i < 4; ++i) {
        const char c = places[i / 2][i % 2];
        if (c < '0' || c > '9') return std::nullopt;
        digits[i] = static_cast<unsigned>(c - '0');
    }
    const auto hour = digits[0] * 10 + digits[1];
    const auto minute = digits[2] * 10 + digits[3];
    if (hour > 23 || minute > 59) return std::nullopt;
    return hour * 60 + minute;
}

} // namespace

std::optional<DayHours> DayHours::parse(std::string_view text) noexcept {
    const auto dash = text.find('-');
    if (dash == std::string_view::npos) return std::nullopt;
    const auto begin = parse_minute(text.substr(0, dash));
    const auto end = parse_minute(text.substr(dash + 1));
    if (!begin || !end || *begin == *end) return std::nullopt;
    return DayHours{*begin, *end};
}

bool DayHours::contains(unsigned minute) const noexcept {
    return begin < end ? begin <= minute && minute < end : minute >= begin || minute < end;
}

unsigned DayHours::wait_from(unsigned minute) const noexcept {
    return contains(minute) ? 0 : (begin + day - minute) % day;
}

std::string DayHours::text() const {
    char text[32];
    std::snprintf(text, sizeof text, "%02u:%02u-%02u:%02u", begin / 60, begin % 60, end / 60, end % 60);
    return text;
}

unsigned minute_of_day(std::time_t now) noexcept {
    std::tm local{};
    ::localtime_r(&now, &local);
    return static_cast<unsigned>(local.tm_hour * 60 + local.tm_min);
}

} // namespace two_path
