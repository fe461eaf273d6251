#include "plugin/host/embedded/timestamp.hpp"

#include <array>
#include <cstdio>
#include <ctime>

namespace two_path::host::embedded {

std::string rfc3339(std::int64_t unix_milliseconds) {
    const std::time_t seconds = unix_milliseconds / 1000;
    std::tm utc{};
    ::gmtime_r(&seconds, &utc);
    std::array<char, 32> day{};
    const auto size = std::strftime(day.data(), day.size(), "%Y-%m-%dT%H:%M:%S", &utc);
    std::array<char, 8> fraction{};
    std::snprintf(fraction.data(), fraction.size(), ".%03dZ", static_cast<int>(unix_milliseconds % 1000));
    return std::string(day.data(), size) + fraction.data();
}

} // namespace two_path::host::embedded
