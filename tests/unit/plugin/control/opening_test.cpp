#include "plugin/control/sessions.hpp"

#include "tests/support/plugin_world.hpp"

#include <boost/test/unit_test.hpp>

#include <set>

namespace two_path::control {
BOOST_AUTO_TEST_SUITE(opening)

namespace {

using std::chrono::seconds;
using tests::PluginWorld;

/// A release that is published and deployed to device-1.
struct Deployed : PluginWorld {
    Descriptor descriptor;

    Deployed() {
        descriptor = describe("app-2.0", "2.0", "some bytes");
        publish(descriptor);
        deploy("device-1", descriptor, "deployment-1");
    }
    messages::OpenRequest asks() const { return request(descriptor); }
    state::Session session(const std::string& id) { return store().session(id).value(); }
    std::size_t count() { return store().sessions({}).size(); }
};

/// The first line of the protocol's table, one thing at a time made wrong.
struct Refused {
    const char* what;
    Errc expected;
    std::string_view detail;
    void (*spoil)(Deployed&, messages::OpenRequest&);
};

const Refused refusals[] = {
    {"a device as issuer that gives no certification", Errc::bad_request, "`certification`",
     [](Deployed&, messages::OpenRequest& asked) { asked.issuer = Issuer::device; }},
    {"a device's certification that is too short to be one", Errc::bad_request, "`certification`",
     [](Deployed&, messages::OpenRequest& asked) {
         asked.issuer = Issuer::device;
         asked.certification = "c2VjcmV0";
     }},
    {"mode push, which is off", Errc::unsupported, "`push`",
     [](Deployed&, messages::OpenRequest& asked) {
         asked.mode = Mode::push;
         asked.receiver = messages::Receiver{"192.0.2.9", 2121};
     }},
    {"a certification that is not the device's to give", Errc::bad_request, "`certification`",
     [](Deployed&, messages::OpenRequest& asked) { asked.certification = Certification::make().text(); }},
    {"a receiver without push", Errc::bad_request, "`receiver`",
     [](Deployed&, messages::OpenRequest& asked) {
         asked.receiver = messages::Receiver{"192.0.2.9", 21};
     }},
    {"another descriptor format", Errc::unsupported, "format 1",
     [](Deployed&, messages::OpenRequest& asked) {
         asked.formats = {2, 3};
     }},
    {"nothing deployed", Errc::not_deployed, "nothing is deployed",
     [](Deployed& world, messages::OpenRequest&) { world.host.active.clear(); }},
    {"another release deployed", Errc::not_deployed, "other-1.0 is deployed",
     [](Deployed& world, messages::OpenRequest&) {
         world.host.active["device-1"].artifact_name = "other-1.0";
     }},
    {"a deployed artifact of that name with another block list", Errc::not_deployed, "block list of app.tar",
     [](Deployed& world, messages::OpenRequest&) {
         world.host.active["device-1"].files[0].sha256 = std::string(64, '0');
     }},
    {"a deployed artifact of that name without block lists", Errc::not_deployed, "block list of app.tar",
     [](Deployed& world, messages::OpenRequest&) { world.host.active["device-1"].files.clear(); }},
    {"deployed and never published here", Errc::payload_missing, "app-2.0 was not published here",
     [](Deployed& world, messages::OpenRequest&) { world.store().remove_release("app-2.0"); }},
    {"published, and its payload removed", Errc::payload_missing, "app.tar of release app-2.0",
     [](Deployed& world, messages::OpenRequest&) {
         world.payloads().remove(world.descriptor.files[0].id).value();
     }},
    {"a file too few", Errc::payload_refused, "not those of release app-2.0",
     [](Deployed&, messages::OpenRequest& asked) { asked.files.clear(); }},
    {"a file too many", Errc::payload_refused, "not those of release app-2.0",
     [](Deployed& world, messages::OpenRequest& asked) {
         asked.files.push_back(world.add_payload("someone else's"));
     }},
    {"the host away", Errc::unavailable, "the host is away",
     [](Deployed& world, messages::OpenRequest&) {
         world.host.failure = fail(Errc::unavailable, "the host is away");
     }},
};

} // namespace

BOOST_AUTO_TEST_CASE(C6_what_is_not_ordered_or_not_served_is_refused_by_name_and_opens_nothing) {
    for (const auto& refused : refusals) {
        BOOST_TEST_CONTEXT(refused.what) {
            Deployed world;
            auto asked = world.asks();
            refused.spoil(world, asked);
            const auto answer = world.open("device-1", asked);
            BOOST_REQUIRE(!answer);
            BOOST_TEST((answer.error().code == refused.expected), answer.error().message());
            BOOST_TEST(answer.error().detail.find(refused.detail) != std::string::npos,
                       answer.error().detail);
            BOOST_TEST(world.count() == 0U);
        }
    }
}

BOOST_AUTO_TEST_CASE(C2_a_device_that_is_the_issuer_sets_the_first_certification_information) {
    Deployed world;
    auto asked = world.asks();
    asked.issuer = Issuer::device;
    const auto certification = Certification::make();
    asked.certification = certification.text();
    const auto reply = world.open("device-1", asked).value();
    BOOST_TEST(!reply.certification.has_value());
    BOOST_TEST(certification.is(world.store().certification(reply.session).value().certification.text()));
    BOOST_TEST(!world.session(reply.session).request.certification.has_value());

    BOOST_TEST(world.open("device-1", asked).value().session == reply.session);
    asked.certification = Certification::make().text();
    const auto another = world.open("device-1", asked);
    BOOST_REQUIRE(!another);
    BOOST_TEST((another.error().code == Errc::conflict));
}

BOOST_AUTO_TEST_CASE(a_device_without_any_of_the_release_s_digests_is_told_so) {
    Deployed world;
    auto descriptor = world.describe("app-3.0", "3.0", "more bytes");
    descriptor.files[0].blocks.erase(DigestKind::blake2b512);
    world.publish(descriptor);
    world.deploy("device-1", descriptor, "deployment-2");
    auto asked = PluginWorld::request(descriptor);
    asked.digests = {DigestKind::blake2b512};
    const auto answer = world.open("device-1", asked);
    BOOST_REQUIRE(!answer);
    BOOST_TEST((answer.error().code == Errc::unsupported));
    asked.digests = {DigestKind::blake2b512, DigestKind::sha256};
    BOOST_TEST(world.open("device-1", asked).has_value());
}

BOOST_AUTO_TEST_CASE(an_empty_file_needs_no_payload) {
    Deployed world;
    auto descriptor = world.describe("app-3.0", "3.0", "more bytes");
    DescriptorFile empty;
    empty.name = "empty";
    empty.id = empty.sha256 = digest_of(DigestKind::sha256, {}).hex();
    descriptor.files.push_back(empty);
    world.publish(descriptor);
    world.deploy("device-1", descriptor, "deployment-2");
    auto asked = PluginWorld::request(descriptor);
    BOOST_TEST(world.open("device-1", asked).has_value());
    asked.attempt = make_nonce();
    asked.files.pop_back(); // the device need not name what it does not fetch
    BOOST_TEST(world.open("device-1", asked).has_value());
}

BOOST_AUTO_TEST_CASE(C1_plugin_generates_the_first_certification_information_for_each_session_anew) {
    Deployed world;
    std::set<std::string> sessions;
    std::set<std::string> certifications;
    for (int i = 0; i < 50; ++i) {
        const auto reply = world.open("device-1", world.asks());
        BOOST_REQUIRE(reply);
        BOOST_REQUIRE(reply->certification);
        BOOST_TEST(Certification::parse(*reply->certification).has_value());
        BOOST_TEST(is_nonce(reply->session));
        sessions.insert(reply->session);
        certifications.insert(*reply->certification);
    }
    BOOST_TEST(sessions.size() == 50U);
    BOOST_TEST(certifications.size() == 50U);
}

BOOST_AUTO_TEST_CASE(the_answer_says_where_the_second_path_is_and_how_long_the_login_has) {
    Deployed world;
    const auto reply = world.open("device-1", world.asks()).value();
    BOOST_TEST(reply.host == "ftp.example");
    BOOST_TEST(reply.port == 2121);
    BOOST_TEST(reply.expires_in == 120U);
    BOOST_TEST((reply.mode == Mode::pull));
    BOOST_TEST(reply.push_from.empty());

    PluginWorld unnamed(SessionRules{"", 2121, std::chrono::hours(1)});
    const auto descriptor = unnamed.describe("app-2.0", "2.0", "some bytes");
    unnamed.publish(descriptor);
    unnamed.deploy("device-1", descriptor, "deployment-1");
    BOOST_TEST(unnamed.open("device-1", PluginWorld::request(descriptor)).value().host == "192.0.2.1");
}

BOOST_AUTO_TEST_CASE(a_device_that_listens_is_told_who_comes) {
    SessionRules rules{"ftp.example", 2121, std::chrono::hours(1)};
    rules.push.served = true;
    PluginWorld world(rules);
    const auto descriptor = world.describe("app-2.0", "2.0", "some bytes");
    world.publish(descriptor);
    world.deploy("device-1", descriptor, "deployment-1");
    auto asked = PluginWorld::request(descriptor);
    asked.mode = Mode::push;
    asked.receiver = messages::Receiver{"192.0.2.9", 40000};
    const auto reply = world.open("device-1", asked).value();
    BOOST_TEST((reply.mode == Mode::push));
    BOOST_TEST(reply.host == "192.0.2.9");
    BOOST_TEST(reply.port == 40000);
    BOOST_TEST(reply.push_from == std::vector<std::string>{"192.0.2.1"}, boost::test_tools::per_element());

    world.sessions().stored("device-1", reply.session).value();
    BOOST_TEST(world.admission().live(Mode::push) == std::vector<std::string>{reply.session},
               boost::test_tools::per_element());
    BOOST_TEST(world.admission().live(Mode::pull).empty());

    asked.receiver->port = 40001;
    const auto elsewhere = world.open("device-1", asked);
    BOOST_REQUIRE(!elsewhere);
    BOOST_TEST((elsewhere.error().code == Errc::conflict));
    asked = PluginWorld::request(descriptor);
    asked.mode = Mode::push;
    asked.receiver = messages::Receiver{"192.0.2.10", 40000};
    BOOST_TEST((world.open("device-1", asked).error().code == Errc::forbidden));
}

BOOST_AUTO_TEST_CASE(the_session_keeps_what_it_was_opened_with_and_never_the_secret) {
    Deployed world;
    auto asked = world.asks();
    asked.module_version = "0.1\n\x1b[31mred";
    const auto reply = world.open("device-1", asked).value();
    const auto session = world.session(reply.session);
    BOOST_TEST(session.device == "device-1");
    BOOST_TEST(session.deployment == "deployment-1");
    BOOST_TEST(session.request.attempt == asked.attempt);
    BOOST_TEST(session.request.boot_id == "boot-1");
    BOOST_TEST(session.request.module_version == "0.1  [31mred");
    BOOST_TEST(session.version == "2.0");
    BOOST_TEST(session.total == 10U);
    BOOST_TEST(!session.request.certification.has_value());
    const auto events = world.store().events(reply.session);
    BOOST_REQUIRE_EQUAL(events.size(), 1U);
    BOOST_TEST(events[0].step == "opened");
}

BOOST_AUTO_TEST_CASE(the_same_attempt_gets_the_same_answer_while_its_certification_lives) {
    Deployed world;
    const auto asked = world.asks();
    const auto first = world.open("device-1", asked).value();
    world.host.active.clear(); // nothing is asked of the host again
    const auto same = [&] { return world.open("device-1", asked).value().to_json() == first.to_json(); };
    BOOST_TEST(same());
    world.sessions().stored("device-1", first.session).value();
    BOOST_TEST(same());
    world.restart();
    BOOST_TEST(same());
    BOOST_TEST(world.count() == 1U);

    auto other = asked;
    other.release = "app-9.9";
    const auto conflict = world.open("device-1", other);
    BOOST_REQUIRE(!conflict);
    BOOST_TEST((conflict.error().code == Errc::conflict));

    world.time.pass(seconds(121));
    const auto late = world.open("device-1", asked);
    BOOST_REQUIRE(!late);
    BOOST_TEST((late.error().code == Errc::certification_invalid));
}

BOOST_AUTO_TEST_CASE(a_repeated_attempt_is_told_the_time_that_is_left) {
    Deployed world;
    const auto asked = world.asks();
    const auto left = [&] { return world.open("device-1", asked).value().expires_in; };
    const auto session = world.open("device-1", asked).value().session;
    world.time.pass(seconds(50));
    BOOST_TEST(left() == 70U);
    world.sessions().stored("device-1", session).value();
    BOOST_TEST(left() == 120U);
    world.time.pass(seconds(30));
    BOOST_TEST(left() == 90U);
    BOOST_TEST(world.admission().login(session, "192.0.2.9"));
    world.time.pass(seconds(600));
    BOOST_TEST(left() == 3000U);
    world.restart();
    BOOST_TEST(left() == 3000U);
}

BOOST_AUTO_TEST_CASE(an_attempt_repeated_while_the_host_is_asked_opens_one_session) {
    Deployed world;
    const auto asked = world.asks();
    std::optional<messages::OpenReply> other;
    world.host.while_asked = [&] { other = world.open("device-1", asked).value(); };
    const auto reply = world.open("device-1", asked).value();
    BOOST_REQUIRE(other);
    BOOST_TEST(reply.to_json() == other->to_json());
    BOOST_TEST(world.count() == 1U);
}

BOOST_AUTO_TEST_CASE(a_new_attempt_supersedes_the_running_session_and_its_certification_dies) {
    Deployed world;
    const auto asked = world.asks();
    const auto old = world.open("device-1", asked).value();
    world.sessions().stored("device-1", old.session).value();
    BOOST_TEST(world.admission().login(old.session, "192.0.2.9"));
    const auto reply = world.open("device-1", world.asks()).value();
    BOOST_TEST(reply.session != old.session);

    const auto session = world.session(old.session);
    BOOST_TEST((session.state == SessionState::failed));
    BOOST_TEST((session.reason == Errc::superseded));
    BOOST_TEST(world.admission().find(old.session) == nullptr);
    BOOST_TEST(!world.store().certification(old.session).has_value());
    BOOST_REQUIRE_EQUAL(world.dead.size(), 1U);
    BOOST_TEST(world.dead[0].first == old.session);
    BOOST_TEST((world.open("device-1", asked).error().code == Errc::certification_invalid));
    const auto step = world.sessions().invalidated("device-1", old.session);
    BOOST_REQUIRE(!step);
    BOOST_TEST((step.error().code == Errc::superseded));
}

BOOST_AUTO_TEST_CASE(a_new_attempt_leaves_other_devices_and_installed_sessions_alone) {
    Deployed world;
    world.deploy("device-2", world.descriptor, "deployment-1");
    const auto other = world.open("device-2", world.asks()).value();
    const auto old = world.open("device-1", world.asks()).value();
    world.sessions().stored("device-1", old.session).value();
    world.sessions().transferred("device-1", old.session, {10, 0, 10, 1, 1, "sha256", "kept"}).value();
    world.sessions().invalidated("device-1", old.session).value();
    world.sessions().progress("device-1", old.session, {SessionStep::installed}).value();
    BOOST_REQUIRE(world.open("device-1", world.asks()));
    BOOST_TEST((world.session(other.session).state == SessionState::opened));
    // Its report may still be on the way.
    BOOST_TEST((world.session(old.session).state == SessionState::installed));
    BOOST_TEST(world.sessions().progress("device-1", old.session, {SessionStep::rolled_back}).has_value());
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace two_path::control
