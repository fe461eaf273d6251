// Who may fetch the bulk over the first path.
#include "tests/unit/plugin/control/opened_session.hpp"

namespace two_path::control {
BOOST_AUTO_TEST_SUITE(fallback)

namespace {

using tests::code_of;

/// Two devices with a session each; one of them at a time may fall back.
struct World : tests::PluginWorld {
    Descriptor descriptor;
    std::string first{admitted("device-1")};
    std::string second{admitted("device-2")};

    explicit World(std::size_t most = 1) { sessions().change({most, 0, {}}); }

    std::string admitted(const std::string& device) {
        if (descriptor.files.empty()) {
            descriptor = describe("app-2.0", "2.0", "some bytes");
            publish(descriptor);
        }
        deploy(device, descriptor, "deployment-of-" + device);
        const auto session = open(device, request(descriptor)).value().session;
        sessions().stored(device, session).value();
        return session;
    }
    Result<catalog::OpenPayload> fall_back(const std::string& device, const std::string& session) {
        return sessions().fall_back(device, session, descriptor.files[0].id);
    }
    std::size_t told(const std::string& session) {
        std::size_t times = 0;
        for (const auto& event : store().events(session))
            times += event.step == "fallback" ? 1U : 0U;
        return times;
    }
};

} // namespace

BOOST_AUTO_TEST_CASE(begins_the_transfer_and_is_told_once) {
    World world;
    BOOST_TEST(world.fall_back("device-1", world.first).value().size == 10U);
    BOOST_REQUIRE(world.fall_back("device-1", world.first));
    BOOST_TEST((world.store().session(world.first)->state == SessionState::transferring));
    BOOST_TEST(world.told(world.first) == 1U);
}

BOOST_AUTO_TEST_CASE(is_refused_by_policy) {
    World world(0);
    BOOST_TEST((code_of(world.fall_back("device-1", world.first)) == Errc::forbidden));
    BOOST_TEST((world.store().session(world.first)->state == SessionState::certified));
}

BOOST_AUTO_TEST_CASE(keeps_the_certification_alive) {
    World world;
    for (int i = 0; i < 10; ++i) {
        BOOST_REQUIRE(world.fall_back("device-1", world.first));
        world.time.pass(std::chrono::minutes(50));
        world.sessions().expire();
    }
    BOOST_TEST((world.store().session(world.first)->state == SessionState::transferring));
    world.restart();
    world.time.pass(std::chrono::minutes(9)); // of what is left, a quarter may be forgotten
    world.sessions().expire();
    BOOST_TEST((world.store().session(world.first)->state == SessionState::transferring));
}

BOOST_AUTO_TEST_CASE(opens_nothing_but_the_session_s_own_files_to_its_own_device) {
    World world;
    BOOST_TEST((code_of(world.fall_back("device-2", world.first)) == Errc::not_found));
    const auto other = world.add_payload("someone else's");
    BOOST_TEST(
        (code_of(world.sessions().fall_back("device-1", world.first, other)) == Errc::payload_refused));
    world.sessions().failed("device-1", world.first, {"Download", fail(Errc::no_room, "")}).value();
    BOOST_TEST((code_of(world.fall_back("device-1", world.first)) == Errc::out_of_order));
}

BOOST_AUTO_TEST_CASE(is_limited_to_as_many_as_configured) {
    World world;
    BOOST_REQUIRE(world.fall_back("device-1", world.first));
    BOOST_TEST((code_of(world.fall_back("device-2", world.second)) == Errc::busy));
    world.sessions().failed("device-1", world.first, {"Download", fail(Errc::no_room, "")}).value();
    BOOST_TEST(world.fall_back("device-2", world.second).has_value());
}

BOOST_AUTO_TEST_CASE(one_that_asks_no_more_makes_room) {
    World world;
    BOOST_REQUIRE(world.fall_back("device-1", world.first));
    world.time.pass(std::chrono::seconds(61));
    BOOST_TEST(world.fall_back("device-2", world.second).has_value());
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace two_path::control
