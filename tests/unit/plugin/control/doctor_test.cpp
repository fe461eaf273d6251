#include "api_world.hpp"

#include "plugin/control/tls.hpp"

namespace two_path::control {
BOOST_AUTO_TEST_SUITE(doctor)

namespace {

using tests::ApiWorld;

/// The finding of one check.
json::object found(const json::value& diagnosis, std::string_view check) {
    for (const auto& one : diagnosis.at("checks").as_array())
        if (one.at("check") == json::value(check)) return one.as_object();
    BOOST_FAIL(check << " is not looked at");
    return {};
}

std::string state_of(const json::value& diagnosis, std::string_view check) {
    return std::string(found(diagnosis, check).at("state").get_string());
}

} // namespace

BOOST_AUTO_TEST_CASE(a_healthy_plugin_has_nothing_to_complain_of) {
    ApiWorld world;
    BOOST_REQUIRE(
        make_certificate({world.folder / "certificate.pem", world.folder / "key.pem"}, {"updates.example"}));
    world.facts.names = {"updates.example"};
    const auto diagnosis = world.operate("GET", "/doctor").body;
    for (const auto* check : {"certificate", "names", "clock", "host", "webhook"})
        BOOST_TEST(state_of(diagnosis, check) == "ok", check);
    BOOST_TEST(diagnosis.at("second_path") == (json::object{{"host", "ftp.example"}, {"port", 2121}}));
    BOOST_TEST(diagnosis.at("time") == "2027-01-15T08:00:00.000Z");
}

BOOST_AUTO_TEST_CASE(what_is_wrong_is_named_with_what_to_do) {
    ApiWorld world;
    world.facts.names = {"updates.example"};
    world.host.while_asked = [&] { world.host.failure = fail(Errc::unavailable, "the framework is away"); };
    world.time.unix_time = 1'000;
    auto diagnosis = world.operate("GET", "/doctor").body;
    for (const auto* check : {"certificate", "names", "clock", "host"}) {
        BOOST_TEST(state_of(diagnosis, check) == "failed", check);
        BOOST_TEST(!found(diagnosis, check).at("advice").get_string().empty());
    }
    world.host.failure.reset();
    BOOST_REQUIRE(
        make_certificate({world.folder / "certificate.pem", world.folder / "key.pem"}, {"other.example"}));
    diagnosis = world.operate("GET", "/doctor").body;
    BOOST_TEST(state_of(diagnosis, "certificate") == "ok");
    BOOST_TEST(state_of(diagnosis, "names") == "failed");
    BOOST_TEST(found(diagnosis, "names").at("detail") == "the certificate does not name updates.example");
}

BOOST_AUTO_TEST_CASE(results_that_are_not_taken_are_told) {
    ApiWorld world;
    const auto descriptor = world.describe("app-2.0", "2.0", "some bytes");
    world.publish(descriptor);
    world.deploy("device-1", descriptor, "deployment-1");
    world.store().tell_results([](const state::Session&) { return "{}"; }, {});
    const auto id = world.open("device-1", tests::PluginWorld::request(descriptor)).value().session;
    world.sessions().abort(id, "someone").value();
    for (int i = 0; i < 3; ++i) {
        BOOST_TEST(state_of(world.operate("GET", "/doctor").body, "webhook") == "ok");
        world.store().not_told(id, "it answers 500", 1);
    }
    BOOST_TEST(state_of(world.operate("GET", "/doctor").body, "webhook") == "warning");
    world.store().give_up_notice(id, "it answers 400");
    const auto dead = found(world.operate("GET", "/doctor").body, "webhook");
    BOOST_TEST(dead.at("state") == "failed");
    BOOST_TEST(dead.at("detail") == "1 results were given up, the last one: it answers 400");
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace two_path::control
