#include "opened_session.hpp"

namespace two_path::control {
BOOST_AUTO_TEST_SUITE(confirming)

namespace {

using tests::code_of;
using tests::OpenedSession;

constexpr bool unchecked = false;

} // namespace

BOOST_AUTO_TEST_CASE(C11_the_version_is_compared_byte_by_byte) {
    struct {
        const char* reported;
        bool equal;
    } const cases[] = {{"2.0", true},   {"2.0 ", false},  {"2.00", false}, {"2", false},
                       {"v2.0", false}, {"2.0\n", false}, {"1.0", false},  {"", false}};
    for (const auto& one : cases) {
        BOOST_TEST_CONTEXT("reported `" << one.reported << "`") {
            OpenedSession world;
            world.to(SessionState::restarted);
            const auto verdict = world.version(one.reported).value();
            BOOST_TEST(verdict.confirmed == one.equal);
            BOOST_TEST(verdict.expected == "2.0");
            BOOST_TEST(verdict.reported == one.reported);
            const auto session = world.session();
            BOOST_TEST((session.state == (one.equal ? SessionState::confirmed : SessionState::mismatch)));
            BOOST_TEST((session.reported == one.reported));
        }
    }
}

BOOST_AUTO_TEST_CASE(C11_a_mismatch_says_what_was_expected_and_what_was_reported) {
    OpenedSession other;
    other.to(SessionState::restarted);
    BOOST_REQUIRE(other.version("1.0\x1b"));
    BOOST_TEST((other.session().reason == Errc::version_mismatch));
    BOOST_TEST(other.session().detail == "expected 2.0, the device reports 1.0 ");

    OpenedSession unreadable;
    unreadable.to(SessionState::restarted);
    BOOST_REQUIRE(unreadable.version(""));
    BOOST_TEST((unreadable.session().reason == Errc::version_unreadable));
}

BOOST_AUTO_TEST_CASE(C11_a_start_from_the_boot_of_the_opening_is_no_restart) {
    OpenedSession needed(true, Reboot::always);
    needed.to(SessionState::installed);
    BOOST_TEST((code_of(needed.start("boot-1")) == Errc::out_of_order));
    BOOST_TEST((needed.session().state == SessionState::installed));
    BOOST_REQUIRE(needed.start("boot-2"));
    BOOST_TEST((needed.session().state == SessionState::restarted));
    BOOST_TEST((code_of(needed.start("boot-1")) == Errc::out_of_order));

    OpenedSession not_needed;
    not_needed.to(SessionState::installed);
    not_needed.nonce = not_needed.start("boot-1").value().nonce;
    BOOST_TEST((not_needed.session().state == SessionState::installed));
    BOOST_REQUIRE(not_needed.version("2.0", "boot-1").value().confirmed);
    BOOST_TEST((not_needed.session().state == SessionState::confirmed));
}

BOOST_AUTO_TEST_CASE(a_start_from_another_boot_is_taken_in_every_state_and_changes_only_what_is_installed) {
    using S = SessionState;
    for (const auto state : {S::certified, S::transferring, S::transferred, S::invalidated}) {
        OpenedSession world;
        world.to(state);
        BOOST_REQUIRE(world.start("boot-2"));
        BOOST_TEST((world.session().state == state));
        BOOST_TEST(world.events().back().step == "started");
        BOOST_TEST(world.events().back().detail == "boot boot-2");
    }
    for (const auto end : {SessionStep::failed, SessionStep::aborted, SessionStep::expired}) {
        OpenedSession world;
        world.to(S::installed);
        auto session = world.session();
        session.reason = end == SessionStep::aborted ? Errc::aborted : Errc::expired;
        BOOST_REQUIRE(world.store().take(session, end, "plugin", ""));
        world.nonce = world.start("boot-2").value().nonce;
        BOOST_TEST((world.session().state == session.state));
        // The session cannot be confirmed any more: the device is told why.
        BOOST_TEST((code_of(world.version("2.0")) == *session.reason));
        BOOST_TEST((world.session().state == session.state));
    }
}

BOOST_AUTO_TEST_CASE(C11_only_the_version_that_was_asked_for_is_compared) {
    OpenedSession world;
    world.to(SessionState::installed);
    BOOST_TEST((code_of(world.version("2.0")) == Errc::out_of_order)); // nobody asked
    const auto stale = world.start("boot-2").value().nonce;
    world.nonce = world.start("boot-2").value().nonce;
    BOOST_TEST(stale != world.nonce);
    BOOST_TEST(is_nonce(stale));
    BOOST_TEST((code_of(world.sessions().version("device-1", world.id, {"2.0", stale, "boot-2"})) ==
                Errc::out_of_order));
    BOOST_TEST((code_of(world.version("2.0", "boot-3")) == Errc::out_of_order)); // another boot was asked
    BOOST_TEST((world.session().state == SessionState::restarted));
    BOOST_TEST(world.version("2.0").value().confirmed);
}

BOOST_AUTO_TEST_CASE(a_version_repeated_gets_the_same_verdict_and_another_one_does_not_replace_it) {
    OpenedSession world;
    world.to(SessionState::restarted);
    const auto verdict = world.version("1.0").value();
    const auto events = world.events().size();
    BOOST_TEST(world.version("1.0").value().to_json() == verdict.to_json());
    BOOST_TEST((code_of(world.version("2.0")) == Errc::out_of_order));
    BOOST_TEST((world.session().state == SessionState::mismatch));
    BOOST_TEST(world.events().size() == events);
    // Asked anew, a mismatch is still none that a later answer can heal.
    world.nonce = world.start("boot-3").value().nonce;
    BOOST_TEST((code_of(world.version("2.0", "boot-3")) == Errc::out_of_order));
    BOOST_TEST((world.session().state == SessionState::mismatch));
}

BOOST_AUTO_TEST_CASE(a_device_that_fell_back_before_it_committed_is_noticed) {
    OpenedSession world;
    world.to(SessionState::restarted);
    BOOST_REQUIRE(world.version("2.0").value().confirmed);
    world.nonce = world.start("boot-3").value().nonce;
    BOOST_TEST((world.session().state == SessionState::confirmed));
    BOOST_TEST(!world.version("1.0", "boot-3").value().confirmed);
    BOOST_TEST((world.session().state == SessionState::mismatch));
}

BOOST_AUTO_TEST_CASE(a_device_that_fell_back_after_it_committed_is_recorded) {
    OpenedSession world;
    world.to(SessionState::restarted);
    BOOST_REQUIRE(world.version("2.0"));
    BOOST_REQUIRE(world.progress(SessionStep::committed));
    world.nonce = world.start("boot-3").value().nonce;
    BOOST_TEST(!world.version("1.0", "boot-3").value().confirmed);
    BOOST_TEST((world.session().state == SessionState::committed));
    BOOST_TEST(world.events().back().step == "version");
    BOOST_TEST(world.events().back().detail == "expected 2.0, the device reports 1.0");
}

BOOST_AUTO_TEST_CASE(a_release_without_version_check_is_confirmed_and_says_so) {
    OpenedSession world(unchecked);
    world.to(SessionState::restarted);
    const auto verdict = world.version("anything").value();
    BOOST_TEST(verdict.confirmed);
    BOOST_TEST((world.session().state == SessionState::confirmed));
    BOOST_TEST(world.events().back().detail == "version not checked");

    OpenedSession committed(unchecked);
    committed.to(SessionState::installed);
    BOOST_REQUIRE(committed.progress(SessionStep::committed));
    BOOST_TEST(committed.events().back().detail == "version not checked");
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace two_path::control
