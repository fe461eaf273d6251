#include "opened_session.hpp"

#include <boost/test/unit_test.hpp>

namespace two_path::control {
BOOST_AUTO_TEST_SUITE(sessions)

namespace {

using std::chrono::seconds;
using tests::code_of;
using tests::OpenedSession;
using tests::PluginWorld;

} // namespace

BOOST_AUTO_TEST_CASE(one_update_from_end_to_end_leaves_its_trail) {
    OpenedSession world;
    world.to(SessionState::restarted);
    const auto verdict = world.version("2.0").value();
    BOOST_TEST(verdict.confirmed);
    BOOST_TEST(verdict.expected == "2.0");
    BOOST_TEST(verdict.reported == "2.0");
    BOOST_REQUIRE(world.progress(SessionStep::committed));
    BOOST_TEST((world.session().state == SessionState::committed));
    BOOST_TEST(!world.session().reason.has_value());
    std::string trail;
    for (const auto& event : world.events())
        trail.append(name_of(event.state)).append(" ");
    BOOST_TEST(trail == "opened certified transferring transferred invalidated installed restarted confirmed "
                        "committed ");
    BOOST_TEST(world.session().transfer->to_json() ==
               (messages::TransferReport{10, 0, 0, 2.5, 0.5, "blake2b512", "ftp"}.to_json()));
}

BOOST_AUTO_TEST_CASE(a_session_of_another_device_does_not_exist) {
    OpenedSession world;
    auto& sessions = world.sessions();
    for (const auto& id : {world.id, make_nonce(), std::string("../etc"), std::string()}) {
        const auto* device = id == world.id ? "device-2" : "device-1";
        BOOST_TEST((code_of(sessions.stored(device, id)) == Errc::not_found));
        BOOST_TEST((code_of(sessions.transferred(device, id, {})) == Errc::not_found));
        BOOST_TEST((code_of(sessions.invalidated(device, id)) == Errc::not_found));
        BOOST_TEST((code_of(sessions.progress(device, id, {})) == Errc::not_found));
        BOOST_TEST((code_of(sessions.start(device, id, {"boot-2"})) == Errc::not_found));
        BOOST_TEST((code_of(sessions.version(device, id, {})) == Errc::not_found));
        BOOST_TEST((code_of(sessions.failed(device, id, {})) == Errc::not_found));
        BOOST_TEST((code_of(sessions.status(device, id)) == Errc::not_found));
    }
    BOOST_TEST((world.session().state == SessionState::opened));
    BOOST_TEST(world.events().size() == 1U);
}

BOOST_AUTO_TEST_CASE(every_step_repeated_answers_the_same_and_adds_nothing) {
    OpenedSession world;
    using S = SessionState;
    for (const auto state : {S::certified, S::transferring, S::transferred, S::invalidated, S::installed}) {
        world.step(state);
        const auto before = world.events().size();
        world.step(state);
        BOOST_TEST(world.events().size() == before, name_of(state));
    }
}

BOOST_AUTO_TEST_CASE(a_step_out_of_order_changes_nothing) {
    OpenedSession world;
    const auto untouched = [&] {
        return world.session().state == SessionState::opened && world.events().size() == 1;
    };
    BOOST_TEST((code_of(world.transferred()) == Errc::out_of_order));
    BOOST_TEST((code_of(world.sessions().invalidated("device-1", world.id)) == Errc::out_of_order));
    for (const auto step : {SessionStep::installed, SessionStep::committed, SessionStep::rolled_back})
        BOOST_TEST((code_of(world.progress(step)) == Errc::out_of_order));
    BOOST_TEST((code_of(world.version("2.0")) == Errc::out_of_order));
    BOOST_TEST((code_of(world.start("boot-1")) == Errc::out_of_order));
    BOOST_TEST(untouched());
}

BOOST_AUTO_TEST_CASE(a_transfer_that_is_not_whole_is_not_taken) {
    OpenedSession world;
    world.to(SessionState::transferring);
    BOOST_TEST((code_of(world.transferred(9)) == Errc::bad_request));
    BOOST_TEST((world.session().state == SessionState::transferring));
    BOOST_TEST(world.admission().find(world.id) != nullptr);
}

BOOST_AUTO_TEST_CASE(C5_after_the_transfer_the_certification_is_dead_before_the_answer) {
    OpenedSession world;
    world.to(SessionState::transferring);
    BOOST_REQUIRE(world.transferred());
    BOOST_TEST(world.admission().find(world.id) == nullptr);
    BOOST_TEST(!world.store().certification(world.id).has_value());
    BOOST_REQUIRE_EQUAL(world.dead.size(), 1U);
    BOOST_REQUIRE(world.sessions().invalidated("device-1", world.id));
    world.restart();
    BOOST_TEST(world.admission().find(world.id) == nullptr);
    BOOST_TEST((code_of(world.sessions().stored("device-1", world.id)) == Errc::out_of_order));
    BOOST_TEST(world.admission().find(world.id) == nullptr);
}

BOOST_AUTO_TEST_CASE(C7_a_failure_is_kept_with_stage_and_reason_on_one_line_and_kills_the_certification) {
    OpenedSession world;
    world.to(SessionState::transferring);
    BOOST_REQUIRE(world.failed(Errc::tampered, "block 3\nof app.tar\x1b[2J"));
    const auto session = world.session();
    BOOST_TEST((session.state == SessionState::failed));
    BOOST_TEST((session.reason == Errc::tampered));
    BOOST_TEST(session.detail == "block 3 of app.tar [2J");
    BOOST_TEST(session.stage == "Download");
    BOOST_TEST(world.admission().find(world.id) == nullptr);
    BOOST_TEST(world.dead.size() == 1U);
    // What the device reports after that does not replace the reason.
    BOOST_REQUIRE(world.failed(Errc::interrupted, "again"));
    BOOST_REQUIRE(world.progress(SessionStep::rolled_back));
    BOOST_TEST((world.session().reason == Errc::tampered));
    BOOST_TEST((world.session().state == SessionState::failed));
    BOOST_TEST(world.events().back().step == "rolled_back");
}

BOOST_AUTO_TEST_CASE(what_the_device_goes_back_from_is_kept_as_the_reason) {
    OpenedSession installed;
    installed.to(SessionState::installed);
    BOOST_REQUIRE(installed.progress(SessionStep::rolled_back));
    BOOST_TEST((installed.session().reason == Errc::rolled_back));

    OpenedSession mismatch;
    mismatch.to(SessionState::restarted);
    BOOST_REQUIRE(mismatch.version("1.0"));
    BOOST_REQUIRE(mismatch.failed(Errc::version_mismatch, "cannot roll back"));
    BOOST_TEST((mismatch.session().state == SessionState::mismatch));
    BOOST_TEST(mismatch.events().back().detail.find("cannot roll back") != std::string::npos);
    BOOST_REQUIRE(mismatch.progress(SessionStep::rolled_back));
    BOOST_TEST((mismatch.session().state == SessionState::rolled_back));
    BOOST_TEST((mismatch.session().reason == Errc::version_mismatch));
    BOOST_TEST(mismatch.session().detail == "expected 2.0, the device reports 1.0");
}

BOOST_AUTO_TEST_CASE(committed_needs_a_confirmation_or_the_device_s_own_comparison) {
    OpenedSession world;
    world.to(SessionState::restarted);
    BOOST_TEST((code_of(world.progress(SessionStep::committed)) == Errc::out_of_order));
    BOOST_REQUIRE(world.progress(SessionStep::committed, true));
    BOOST_TEST((world.session().state == SessionState::committed));
    BOOST_TEST(world.events().back().detail.find("compared the version itself") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(the_status_says_why_a_login_was_refused) {
    OpenedSession world;
    const auto status = [&] { return world.sessions().status("device-1", world.id).value(); };
    world.time.pass(seconds(20));
    BOOST_TEST(status().expires_in == 100U);
    world.to(SessionState::certified);
    BOOST_TEST(status().expires_in == 120U);
    BOOST_TEST((status().state == SessionState::certified));
    world.to(SessionState::transferring);
    BOOST_TEST(status().expires_in == 3600U);
    BOOST_REQUIRE(world.sessions().abort(world.id, "operator@example.com"));
    BOOST_TEST((status().state == SessionState::aborted));
    BOOST_TEST((status().reason == Errc::aborted));
    BOOST_TEST(status().expires_in == 0U);
}

BOOST_AUTO_TEST_CASE(sessions_expire_when_nobody_speaks_of_them) {
    OpenedSession opened;
    opened.time.pass(seconds(119));
    opened.sessions().expire();
    BOOST_TEST((opened.session().state == SessionState::opened));
    opened.time.pass(seconds(1));
    BOOST_TEST((code_of(opened.sessions().stored("device-1", opened.id)) == Errc::certification_expired));
    BOOST_TEST((opened.session().state == SessionState::expired));

    OpenedSession certified;
    certified.to(SessionState::certified);
    certified.time.pass(seconds(120));
    certified.sessions().expire();
    BOOST_TEST((certified.session().state == SessionState::expired));
    BOOST_TEST((certified.session().reason == Errc::certification_expired));
    BOOST_TEST(certified.dead.size() == 1U);
    BOOST_TEST((code_of(certified.transferred()) == Errc::certification_expired));

    OpenedSession transferring;
    transferring.to(SessionState::transferring);
    for (int day = 0; day < 24 * 10; ++day) { // longer than a silent session may take
        transferring.time.pass(seconds(3599));
        transferring.admission().sent(transferring.id, 1);
        transferring.sessions().expire();
    }
    BOOST_TEST((transferring.session().state == SessionState::transferring));

    OpenedSession installed;
    installed.to(SessionState::installed);
    installed.time.pass(std::chrono::hours(24 * 7));
    installed.sessions().expire();
    BOOST_TEST((installed.session().state == SessionState::installed));
    installed.time.pass(seconds(1));
    installed.sessions().expire();
    BOOST_TEST((installed.session().state == SessionState::expired));
    BOOST_TEST((installed.session().reason == Errc::expired));
}

BOOST_AUTO_TEST_CASE(an_aborted_deployment_ends_its_running_session_and_no_other) {
    OpenedSession world;
    world.to(SessionState::transferring);
    world.deploy("device-2", world.descriptor, "deployment-1");
    const auto other = world.open("device-2", PluginWorld::request(world.descriptor)).value().session;

    tests::run(world.sessions().poll_host());
    BOOST_TEST((world.session().state == SessionState::transferring));
    BOOST_REQUIRE_EQUAL(world.host.polls.size(), 1U);
    BOOST_TEST(world.host.polls[0].size() == 2U);

    world.host.failure = fail(Errc::unavailable, "away");
    world.host.aborted = {"deployment-1"};
    tests::run(world.sessions().poll_host());
    BOOST_TEST((world.session().state == SessionState::transferring));

    world.host.failure.reset();
    tests::run(world.sessions().poll_host());
    BOOST_TEST((world.session().state == SessionState::aborted));
    BOOST_TEST((world.session().reason == Errc::aborted));
    BOOST_TEST(world.events().back().cause == "host");
    BOOST_TEST(world.session().detail == "as the test says");
    BOOST_TEST(world.admission().find(world.id) == nullptr);
    BOOST_REQUIRE_EQUAL(world.dead.size(), 1U);
    BOOST_TEST(world.dead[0].first == world.id);
    BOOST_TEST((world.store().session(other)->state == SessionState::aborted));

    tests::run(world.sessions().poll_host()); // nothing runs: nobody is asked
    BOOST_TEST(world.host.polls.size() == 3U);
    BOOST_TEST((code_of(world.sessions().abort(world.id, "someone")) == Errc::aborted));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace two_path::control
