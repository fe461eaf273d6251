// Who may transfer now, and who waits.
#include "plugin/control/turns.hpp"
#include "tests/unit/plugin/control/https_world.hpp"
#include "tests/unit/plugin/control/opened_session.hpp"

namespace two_path::control {
BOOST_AUTO_TEST_SUITE(turns)

namespace {

using tests::code_of;

GroupHours hours(const std::string& group, const char* text) {
    return {group, DayHours::parse(text).value()};
}

constexpr unsigned hour = 60;

/// Two devices that are to have the same release, of which one at a time may transfer.
struct OneAtATime : tests::PluginWorld {
    Descriptor descriptor{describe("app-2.0", "2.0", "some bytes")};

    OneAtATime() {
        publish(descriptor);
        for (const char* device : {"device-1", "device-2"})
            deploy(device, descriptor, "deployment-1");
        sessions().change({0, 1, {}});
    }
};

} // namespace

BOOST_AUTO_TEST_CASE(without_hours_it_is_always_time) {
    BOOST_TEST(check_hours({}, "shops", 12 * hour).has_value());
}

BOOST_AUTO_TEST_CASE(a_group_has_its_own_hours_or_those_of_all) {
    const TurnRules rules{
        0, 0, {hours("shops", "22:00-05:00"), hours("shops", "12:00-13:00"), hours("*", "08:00-18:00")}};
    BOOST_TEST(check_hours(rules, "shops", 23 * hour).has_value());
    BOOST_TEST(check_hours(rules, "shops", 12 * hour).has_value());
    BOOST_TEST((code_of(check_hours(rules, "shops", 9 * hour)) == Errc::busy));
    BOOST_TEST(check_hours(rules, "ships", 9 * hour).has_value());
    BOOST_TEST((code_of(check_hours(rules, "", 23 * hour)) == Errc::busy));
    const auto told = check_hours(rules, "shops", 9 * hour).error().detail;
    BOOST_TEST(told == "updates of group shops run at 22:00-05:00, 12:00-13:00, the server's time");
}

BOOST_AUTO_TEST_CASE(hours_of_other_groups_are_not_one_s_own) {
    const TurnRules rules{0, 0, {hours("shops", "22:00-05:00")}};
    BOOST_TEST(check_hours(rules, "ships", 9 * hour).has_value());
    BOOST_TEST(check_hours(rules, "", 9 * hour).has_value());
}

BOOST_AUTO_TEST_CASE(as_many_transfer_as_may_and_the_next_one_waits_until_one_is_through) {
    OneAtATime world;
    const auto& descriptor = world.descriptor;
    const auto first = world.open("device-1", world.request(descriptor)).value().session;
    auto second = world.request(descriptor);
    BOOST_TEST((code_of(world.open("device-2", second)) == Errc::busy));
    // Its own session does not stand in a device's way.
    const auto again = world.open("device-1", world.request(descriptor)).value().session;
    BOOST_TEST(again != first);
    world.sessions().failed("device-1", again, {"Download", fail(Errc::no_room, "")}).value();
    BOOST_TEST(world.open("device-2", second).has_value());
}

BOOST_AUTO_TEST_CASE(a_device_that_has_gone_in_the_middle_of_its_transfer_keeps_nobody_waiting_for_long) {
    OneAtATime world;
    const auto& descriptor = world.descriptor;
    const auto first = world.open("device-1", world.request(descriptor)).value().session;
    world.sessions().stored("device-1", first).value();
    BOOST_REQUIRE(world.admission().login(first, "192.0.2.9"));
    const auto waits = [&] {
        const auto reply = world.open("device-2", world.request(descriptor));
        return !reply && reply.error().code == Errc::busy;
    };
    world.time.pass(std::chrono::minutes(4));
    world.admission().sent(first, 1);
    world.time.pass(std::chrono::minutes(4));
    BOOST_TEST(waits());
    world.time.pass(std::chrono::minutes(2));
    BOOST_TEST(!waits());
}

BOOST_AUTO_TEST_CASE(a_wait_is_told_to_the_operator_once) {
    OneAtATime world;
    const auto& descriptor = world.descriptor;
    const auto first = world.open("device-1", world.request(descriptor)).value().session;
    const auto second = world.request(descriptor);
    tests::CaughtLog log;
    for (int tries = 0; tries < 3; ++tries)
        BOOST_TEST((code_of(world.open("device-2", second)) == Errc::busy));
    const std::string told = "notice: device device-2 waits for its turn with release app-2.0: 1 devices "
                             "transfer now, which is as many as may\n";
    BOOST_TEST(log.all() == told);
    BOOST_TEST((code_of(world.open("device-2", world.request(descriptor))) == Errc::busy));
    BOOST_TEST(log.all() == told + told);
}

BOOST_AUTO_TEST_CASE(rules_change_while_it_runs) {
    tests::PluginWorld world;
    const auto descriptor = world.describe("app-2.0", "2.0", "some bytes");
    world.publish(descriptor);
    world.deploy("device-1", descriptor, "deployment-1");
    world.host.active["device-1"].group = "shops";
    const auto now = minute_of_day(static_cast<std::time_t>(world.time.unix_time / 1000));
    const DayHours later{(now + 10) % DayHours::day, (now + 20) % DayHours::day};
    world.sessions().change({0, 0, {{"shops", later}}});
    BOOST_TEST((code_of(world.open("device-1", world.request(descriptor))) == Errc::busy));
    world.time.pass(std::chrono::minutes(10));
    BOOST_TEST(world.open("device-1", world.request(descriptor)).has_value());
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace two_path::control
