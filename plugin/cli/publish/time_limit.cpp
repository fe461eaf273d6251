#include "plugin/cli/publish/time_limit.hpp"

#include "plugin/cli/print.hpp"
#include "protocol/module_time.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>
#include <utility>

namespace two_path::cli {
namespace {

using std::chrono::seconds;

constexpr seconds longest_timeout{366 * 24 * 3600};
constexpr std::uint64_t slow_link =
    125'000; ///< bytes a second; a payload for which it is too slow is told of

constexpr std::array<std::pair<std::string_view, std::uint64_t>, 5> units{
    {{"", 1}, {"KiB", 1024}, {"MiB", 1024 * 1024}, {"kbit", 125}, {"Mbit", 125'000}}};

std::optional<std::uint64_t> rate_of(const std::string& text) {
    constexpr std::uint64_t most = std::uint64_t{1} << 40U;
    std::uint64_t rate = 0;
    const auto* end = text.data() + text.size();
    const auto read = std::from_chars(text.data(), end, rate);
    const std::string_view unit(read.ptr, static_cast<std::size_t>(end - read.ptr));
    const auto* const found =
        std::ranges::find(units, unit, &std::pair<std::string_view, std::uint64_t>::first);
    if (read.ec != std::errc() || found == units.end() || rate == 0 || rate > most) return std::nullopt;
    return rate * found->second;
}

std::uint64_t divided_up(std::uint64_t number, std::uint64_t by) {
    return number / by + (number % by == 0 ? 0 : 1);
}

std::uint64_t count_of(seconds time) {
    return static_cast<std::uint64_t>(time.count());
}

/// `45 s`, `12 min`, `3 h 59 min`; of what is not whole minutes, the rest is left out.
std::string human_time(std::uint64_t time) {
    if (time < 120) return std::to_string(time) + " s";
    const auto minutes = time / 60;
    if (minutes < 60) return std::to_string(minutes) + " min";
    return std::to_string(minutes / 60) + " h " + std::to_string(minutes % 60) + " min";
}

std::string told(const TimeLimit& limit) {
    return human_time(count_of(limit.of_transfer())) + " of an attempt (ModuleTimeoutSeconds " +
           std::to_string(limit.module_timeout.count()) + ")";
}

constexpr auto what_happens =
    "an attempt that runs out of time ends with `time_limit`, keeps its blocks and is "
    "ordered again, at most `[session] redeploy` times, and the next one goes on";

} // namespace

seconds TimeLimit::of_transfer() const noexcept {
    return module_time(module_timeout);
}

Result<TimeLimit> read_time_limit(const Arguments& given) {
    TimeLimit limit;
    const auto timeout = given.number("module-timeout", count_of(limit.module_timeout));
    if (!timeout) return timeout.error();
    if (*timeout < 2 || *timeout > count_of(longest_timeout))
        return wrong_usage("--module-timeout: `" + given.text("module-timeout") +
                           "` is not a number of seconds from 2 to " +
                           std::to_string(longest_timeout.count()));
    limit.module_timeout = seconds(*timeout);
    if (!given.given("device-rate")) return limit;
    const auto rate = rate_of(given.text("device-rate"));
    if (!rate)
        return wrong_usage("--device-rate: `" + given.text("device-rate") +
                           "` is not a rate a second like 65536, 64KiB, 1MiB, 512kbit or 2Mbit");
    limit.device_rate = *rate;
    return limit;
}

std::optional<std::string> warning_of(const TimeLimit& limit, std::uint64_t bytes) {
    const auto time = count_of(limit.of_transfer());
    const bool known = limit.device_rate != 0;
    const auto needed = divided_up(bytes, known ? limit.device_rate : slow_link);
    if (needed <= time) return std::nullopt;
    if (!known)
        return "to take " + human_size(bytes) + " in the " + told(limit) + ", a device needs " +
               human_size(divided_up(bytes, time)) + " a second; " + what_happens +
               ". Raise ModuleTimeoutSeconds on slower devices; --device-rate tells how many attempts they "
               "need";
    const auto attempts = divided_up(needed, time);
    return human_size(bytes) + " at " + human_size(limit.device_rate) + " a second take " +
           human_time(needed < 120 ? needed : 60 * divided_up(needed, 60)) + ", longer than the " +
           told(limit) + ": " + what_happens + ". That takes " + std::to_string(attempts) +
           " attempts: let `redeploy` be " + std::to_string(attempts - 1) +
           " or more, or ModuleTimeoutSeconds more than " +
           std::to_string(needed + count_of(module_time_reserve));
}

} // namespace two_path::cli
