#include "update-module/policy.hpp"

#include "update-module/log.hpp"
#include "update-module/process.hpp"

#include <algorithm>
#include <thread>

namespace two_path::device {
namespace {

constexpr milliseconds look_around{500};
constexpr milliseconds command_time{10'000};

std::chrono::minutes wait_from(std::time_t now, const std::vector<DayHours>& hours) {
    const auto minute = minute_of_day(now);
    unsigned least = DayHours::day;
    for (const auto& one : hours)
        least = std::min(least, one.wait_from(minute));
    return std::chrono::minutes(hours.empty() ? 0 : least);
}

std::string text_of(const std::vector<DayHours>& hours) {
    std::string text;
    for (const auto& one : hours)
        text.append(text.empty() ? "" : ", ").append(one.text());
    return text;
}

} // namespace

std::time_t time_now() {
    return std::time(nullptr);
}

Result<void> check_hours(const Settings& settings, const Now& now) {
    if (wait_from(now(), settings.hours).count() == 0) return {};
    return fail(Errc::not_ready,
                "this device fetches updates at " + text_of(settings.hours) + ", its own time");
}

Result<void> wait_for_hours(const Settings& settings, Deadline deadline, const Now& now) {
    const auto in_hours = check_hours(settings, now);
    if (in_hours || wait_from(now(), settings.hours) >= deadline.left()) return in_hours;
    say("waiting: " + in_hours.error().detail);
    // Asked again and again: the clock may be set meanwhile.
    while (!check_hours(settings, now)) {
        if (auto may = may_wait(deadline, "the hours of `hours`"); !may) return may;
        std::this_thread::sleep_for(look_around);
    }
    return {};
}

Result<void> check_metered(const Settings& settings, std::uint64_t bytes, Deadline deadline) {
    if (settings.metered_limit == 0 || bytes <= settings.metered_limit) return {};
    auto process = Process::start({settings.metered_command, {}, -1});
    if (!process) return process.error();
    const auto exit = process->wait(deadline.within(command_time));
    if (!exit) return exit.error();
    if (!exit->ok()) return {};
    constexpr std::uint64_t mebi = 1024 * 1024;
    return fail(Errc::not_ready, "the link is metered, and " + std::to_string(bytes / mebi) +
                                     " MiB to fetch are more than the " +
                                     std::to_string(settings.metered_limit / mebi) +
                                     " of `metered_limit_mib`");
}

} // namespace two_path::device
