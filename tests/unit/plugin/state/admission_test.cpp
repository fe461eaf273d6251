#include "plugin/state/admission.hpp"

#include "tests/support/plugin_world.hpp"

#include <boost/test/unit_test.hpp>

namespace two_path::state {
BOOST_AUTO_TEST_SUITE(admission)

namespace {

using std::chrono::seconds;
using tests::PluginWorld;

/// A session whose certification the device has stored.
struct Stored {
    PluginWorld world;
    Descriptor descriptor;
    std::string id;

    Stored() {
        descriptor = world.describe("app-2.0", "2.0", "some bytes");
        world.publish(descriptor);
        world.deploy("device-1", descriptor, "deployment-1");
        id = world.open("device-1", PluginWorld::request(descriptor)).value().session;
        world.sessions().stored("device-1", id).value();
    }
    Admission& admission() { return world.admission(); }
    std::size_t events() { return world.store().events(id).size(); }
};

} // namespace

BOOST_AUTO_TEST_CASE(only_a_stored_certification_lets_in) {
    PluginWorld world;
    const auto descriptor = world.describe("app-2.0", "2.0", "some bytes");
    world.publish(descriptor);
    world.deploy("device-1", descriptor, "deployment-1");
    const auto reply = world.open("device-1", PluginWorld::request(descriptor)).value();
    BOOST_TEST(world.admission().find(reply.session) == nullptr);
    BOOST_TEST(!world.admission().login(reply.session, "192.0.2.9"));
    world.sessions().stored("device-1", reply.session).value();
    const auto* pass = world.admission().find(reply.session);
    BOOST_REQUIRE(pass != nullptr);
    BOOST_TEST(pass->certification.is(*reply.certification));
    BOOST_TEST(pass->files.size() == 1U);
    BOOST_TEST(pass->file(descriptor.files[0].id)->size == 10U);
    BOOST_TEST(pass->block_size == Descriptor::min_block);
}

BOOST_AUTO_TEST_CASE(the_first_login_is_a_step_and_the_later_ones_are_not) {
    Stored stored;
    BOOST_TEST(stored.admission().login(stored.id, "192.0.2.9"));
    BOOST_TEST((stored.world.store().session(stored.id)->state == SessionState::transferring));
    const auto events = stored.world.store().events(stored.id);
    BOOST_TEST(events.back().step == "login");
    BOOST_TEST(events.back().detail == "192.0.2.9");
    BOOST_TEST(stored.admission().login(stored.id, "192.0.2.9"));
    BOOST_TEST(stored.events() == events.size());
}

BOOST_AUTO_TEST_CASE(without_a_login_it_ends_after_two_minutes) {
    Stored stored;
    BOOST_TEST(stored.admission().expires_in(stored.id) == 120U);
    stored.world.time.pass(seconds(119));
    BOOST_TEST(stored.admission().find(stored.id) != nullptr);
    BOOST_TEST(stored.admission().expired().empty());
    stored.world.time.pass(seconds(1));
    BOOST_TEST(stored.admission().find(stored.id) == nullptr);
    BOOST_TEST(!stored.admission().login(stored.id, "192.0.2.9"));
    BOOST_TEST(stored.admission().expired() == std::vector<std::string>{stored.id});
}

BOOST_AUTO_TEST_CASE(a_device_that_takes_its_time_to_store_has_two_minutes_also_after_a_restart) {
    PluginWorld world;
    const auto descriptor = world.describe("app-2.0", "2.0", "some bytes");
    world.publish(descriptor);
    world.deploy("device-1", descriptor, "deployment-1");
    const auto session = world.open("device-1", PluginWorld::request(descriptor)).value().session;
    world.time.pass(seconds(100));
    world.sessions().stored("device-1", session).value();
    BOOST_TEST(world.admission().expires_in(session) == 120U);
    world.restart();
    BOOST_TEST(world.admission().expires_in(session) == 120U);
}

BOOST_AUTO_TEST_CASE(bytes_renew_it_for_an_hour_and_silence_ends_it) {
    Stored stored;
    BOOST_TEST(stored.admission().login(stored.id, "192.0.2.9"));
    for (int hour = 0; hour < 5; ++hour) {
        stored.world.time.pass(seconds(3599));
        stored.admission().sent(stored.id, 100);
        BOOST_TEST(stored.admission().find(stored.id) != nullptr);
    }
    stored.world.time.pass(seconds(3600));
    BOOST_TEST(stored.admission().find(stored.id) == nullptr);
}

BOOST_AUTO_TEST_CASE(bytes_do_not_revive_what_has_expired) {
    Stored stored;
    BOOST_TEST(stored.admission().login(stored.id, "192.0.2.9"));
    stored.world.time.pass(seconds(3600));
    stored.admission().sent(stored.id, 100); // of a connection that is not cut yet
    BOOST_TEST(stored.admission().find(stored.id) == nullptr);
    BOOST_TEST(stored.admission().expires_in(stored.id) == 0U);
    BOOST_TEST(stored.admission().expired() == std::vector<std::string>{stored.id});
    stored.world.sessions().expire();
    BOOST_TEST((stored.world.store().session(stored.id)->state == SessionState::expired));
    BOOST_TEST(stored.world.store().session(stored.id)->sent == 100U);
    BOOST_TEST(stored.world.dead.size() == 1U);
}

BOOST_AUTO_TEST_CASE(a_clock_that_jumps_neither_ends_nor_lengthens_it) {
    Stored stored;
    BOOST_TEST(stored.admission().login(stored.id, "192.0.2.9"));
    stored.world.time.unix_time += 1000LL * 3600 * 24 * 365;
    BOOST_TEST(stored.admission().find(stored.id) != nullptr);
    stored.world.time.unix_time -= 2000LL * 3600 * 24 * 365;
    stored.world.restart();
    BOOST_TEST(stored.admission().expires_in(stored.id) == 3600U);
}

BOOST_AUTO_TEST_CASE(a_plugin_that_was_killed_takes_up_what_lived_with_the_time_that_was_left) {
    Stored stored;
    BOOST_TEST(stored.admission().login(stored.id, "192.0.2.9"));
    stored.world.time.pass(seconds(3000));
    stored.admission().sent(stored.id, 70);
    stored.world.time.pass(seconds(1000)); // more than an hour after the login, the plugin down meanwhile
    stored.world.restart();
    BOOST_TEST(stored.admission().expires_in(stored.id) == 2600U);
    BOOST_TEST(stored.world.store().session(stored.id)->sent == 70U);
    BOOST_TEST(stored.admission().login(stored.id, "192.0.2.9"));
    stored.world.time.pass(seconds(3601));
    stored.world.restart();
    BOOST_TEST(stored.admission().find(stored.id) == nullptr);
    BOOST_TEST(stored.admission().expired() == std::vector<std::string>{stored.id});
}

BOOST_AUTO_TEST_CASE(bytes_are_counted_once_wherever_they_wait) {
    Stored stored;
    BOOST_TEST(stored.admission().login(stored.id, "192.0.2.9"));
    const auto total = [&] {
        return stored.world.store().session(stored.id)->sent + stored.admission().unsaved(stored.id);
    };
    stored.admission().sent(stored.id, 1);
    BOOST_TEST(total() == 1U);
    stored.admission().flush();
    BOOST_TEST(total() == 1U);
    stored.admission().sent(stored.id, 2);
    stored.world.sessions().failed("device-1", stored.id, {"Download", {Errc::no_room, ""}}).value();
    BOOST_TEST(total() == 3U);
    stored.admission().sent(stored.id, 4); // on their way when it died
    BOOST_TEST(total() == 7U);
}

BOOST_AUTO_TEST_CASE(the_second_path_is_told_once_of_a_certification_that_died) {
    Stored stored;
    stored.admission().revoke(stored.id, "why");
    stored.admission().revoke(stored.id, "why");
    stored.admission().revoke(make_nonce(), "why");
    BOOST_REQUIRE_EQUAL(stored.world.dead.size(), 1U);
    BOOST_TEST(stored.world.dead[0].first == stored.id);
    BOOST_TEST(stored.admission().find(stored.id) == nullptr);
    BOOST_TEST(!stored.admission().login(stored.id, "192.0.2.9"));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace two_path::state
