/// How the text of a setting becomes its value: one reader for each kind, each with what to write instead.
#pragma once

#include "plugin/config.hpp"

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// A reader `..._into(target)` checks the values given for a key and sets `target(settings)`; it gives what
/// is wrong and what to do, or nothing.
namespace two_path::config_values {

using Values = std::vector<std::string>;
using Wrong = std::optional<std::string>;

inline Wrong wrong(const std::string& value, std::string_view instead) {
    return "is `" + value + "`; write " + std::string(instead);
}

inline std::optional<std::uint64_t> number(std::string_view text) {
    std::uint64_t value = 0;
    const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (ec != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

inline std::optional<std::uint16_t> port(std::string_view text) {
    const auto value = number(text);
    if (!value || *value > std::numeric_limits<std::uint16_t>::max()) return std::nullopt;
    return static_cast<std::uint16_t>(*value);
}

template<class Target>
auto text_into(Target target) {
    return [target](Settings& settings, const Values& values) -> Wrong {
        target(settings) = values.back();
        return std::nullopt;
    };
}

template<class Target>
auto path_into(Target target) {
    return [target](Settings& settings, const Values& values) -> Wrong {
        const std::filesystem::path path(values.back());
        if (!path.is_absolute()) return wrong(values.back(), "an absolute path");
        target(settings) = path;
        return std::nullopt;
    };
}

template<class Target>
auto flag_into(Target target) {
    return [target](Settings& settings, const Values& values) -> Wrong {
        const auto& value = values.back();
        if (value != "true" && value != "false") return wrong(value, "true or false");
        target(settings) = value == "true";
        return std::nullopt;
    };
}

/// `unit` makes of the number what is stored.
template<class Target, class Unit>
auto number_into(Target target, std::uint64_t least, std::uint64_t most, Unit unit) {
    return [=](Settings& settings, const Values& values) -> Wrong {
        const auto value = number(values.back());
        if (!value || *value < least || *value > most)
            return wrong(values.back(),
                         "a number from " + std::to_string(least) + " to " + std::to_string(most));
        target(settings) = unit(*value);
        return std::nullopt;
    };
}

template<class Target>
auto listen_into(Target target) {
    return [target](Settings& settings, const Values& values) -> Wrong {
        constexpr std::string_view form =
            "ADDRESS:PORT, such as 192.0.2.1:8443, or [::]:8443 for all addresses";
        const std::string_view value = values.back();
        const auto colon = value.rfind(':');
        if (colon == std::string_view::npos) return wrong(values.back(), form);
        auto host = value.substr(0, colon);
        const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
        if (bracketed) host = host.substr(1, host.size() - 2);
        boost::system::error_code ec;
        const auto address = boost::asio::ip::make_address(std::string(host), ec);
        const auto number_of_port = port(value.substr(colon + 1));
        if (ec || address.is_v6() != bracketed || !number_of_port) return wrong(values.back(), form);
        target(settings) = ListenAddress{address, *number_of_port};
        return std::nullopt;
    };
}

template<class Target>
auto ports_into(Target target) {
    return [target](Settings& settings, const Values& values) -> Wrong {
        const std::string_view value = values.back();
        const auto dash = std::min(value.find('-'), value.size());
        const auto first = port(value.substr(0, dash));
        const auto last = port(value.substr(std::min(dash + 1, value.size())));
        if (!first || !last || *first < 1024 || *last < *first)
            return wrong(values.back(), "FIRST-LAST, from 1024 to 65535, such as 30000-30999");
        target(settings) = ftp::PortRange{*first, *last};
        return std::nullopt;
    };
}

template<class Target>
auto https_url_into(Target target) {
    return [target](Settings& settings, const Values& values) -> Wrong {
        const auto& value = values.back();
        if (value.substr(0, 8) != "https://" || value.size() == 8 || value.back() == '/' ||
            value.find_first_of(" ?#") != std::string::npos)
            return wrong(value, "https://HOST[:PORT] without a slash at its end");
        target(settings) = value;
        return std::nullopt;
    };
}

inline constexpr std::uint64_t day_seconds = 86'400;
inline constexpr std::uint64_t most_connections = 100'000;
inline constexpr std::uint64_t most_rate = 100'000'000; ///< kbit/s

inline std::size_t as_count(std::uint64_t value) {
    return static_cast<std::size_t>(value);
}
inline std::chrono::seconds as_seconds(std::uint64_t value) {
    return std::chrono::seconds(value);
}
inline std::chrono::hours as_hours(std::uint64_t value) {
    return std::chrono::hours(value);
}
inline std::chrono::hours as_days(std::uint64_t value) {
    return std::chrono::hours(24 * value);
}
/// Of kilobits a second: bytes a second.
inline std::uint64_t as_rate(std::uint64_t value) {
    return value * 125;
}
inline std::uint64_t as_mebibytes(std::uint64_t value) {
    return value << 20U;
}

} // namespace two_path::config_values
