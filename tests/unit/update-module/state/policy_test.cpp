// What the device's owner allows holds whatever the operator orders.
#include "tests/support/emulation.hpp"
#include "update-module/policy.hpp"

#include <boost/test/unit_test.hpp>

#include <ctime>

using namespace two_path;
using namespace two_path::device;

BOOST_AUTO_TEST_SUITE(policy)

namespace {

constexpr std::uint64_t mebi = 1024 * 1024;

/// Hours that begin `from` minutes from now and last ten.
Settings with_hours(unsigned from) {
    const auto begin = minute_of_day(std::time(nullptr)) + from;
    Settings settings;
    settings.hours = {{begin % DayHours::day, (begin + 10) % DayHours::day}};
    return settings;
}

Settings metered(const char* command) {
    Settings settings;
    settings.metered_limit = 5 * mebi;
    settings.metered_command = {command};
    return settings;
}

Deadline soon() {
    return Deadline::in(milliseconds(10'000));
}

} // namespace

BOOST_AUTO_TEST_CASE(without_hours_and_within_them_nobody_waits) {
    BOOST_TEST(wait_for_hours({}, soon()).has_value());
    // Five minutes ago, so that they do not end while we look.
    BOOST_TEST(wait_for_hours(with_hours(DayHours::day - 5), soon()).has_value());
}

BOOST_AUTO_TEST_CASE(hours_that_begin_too_late_are_told) {
    const auto late = wait_for_hours(with_hours(60), soon());
    BOOST_REQUIRE(!late);
    BOOST_TEST((late.error().code == Errc::not_ready));
    BOOST_TEST(late.error().detail.find(with_hours(60).hours[0].text().substr(0, 3)) != std::string::npos);
}

BOOST_AUTO_TEST_CASE(hours_that_begin_soon_are_waited_for) {
    std::time_t now = std::time(nullptr);
    int looks = 0;
    const Now clock = [&] { // each look takes half a minute
        ++looks;
        return now += 30;
    };
    const auto settings = with_hours(2);
    BOOST_TEST(!check_hours(settings, clock));
    BOOST_TEST(wait_for_hours(settings, Deadline::in(milliseconds(600'000)), clock).has_value());
    BOOST_TEST(check_hours(settings, [now] { return now; }).has_value());
    BOOST_TEST(looks > 3);
}

BOOST_AUTO_TEST_CASE(hours_that_are_over_allow_nothing) {
    const auto over = check_hours(with_hours(DayHours::day - 20));
    BOOST_REQUIRE(!over);
    BOOST_TEST((over.error().code == Errc::not_ready));
    BOOST_TEST(check_hours({}).has_value());
}

BOOST_AUTO_TEST_CASE(a_metered_link_bears_so_much_and_no_more) {
    BOOST_TEST(check_metered(metered("true"), 5 * mebi, soon()).has_value());
    BOOST_TEST(check_metered(metered("false"), 6 * mebi, soon()).has_value());
    const auto refused = check_metered(metered("true"), 6 * mebi, soon());
    BOOST_REQUIRE(!refused);
    BOOST_TEST((refused.error().code == Errc::not_ready));
    BOOST_TEST(refused.error().detail.find("6 MiB") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_command_that_is_not_there_is_told,
                     *tests::beyond_emulation("word of an exec that fails")) {
    const auto refused = check_metered(metered("/nonexistent/is-metered"), 6 * mebi, soon());
    BOOST_REQUIRE(!refused);
    BOOST_TEST((refused.error().code == Errc::io_error));
    BOOST_TEST(refused.error().detail.find("/nonexistent/is-metered") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
