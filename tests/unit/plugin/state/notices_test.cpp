#include "tests/support/plugin_world.hpp"

#include <boost/test/unit_test.hpp>

namespace two_path::state {
namespace {

using tests::PluginWorld;

/// A plugin with a webhook, and sessions that end at once.
class Owing : public PluginWorld {
  public:
    Owing() { tell(); }
    void tell() {
        store().tell_results([](const Session& session) { return "of " + session.id; }, [this] { ++queued; });
    }
    std::string end_one() {
        Session session;
        session.id = make_nonce();
        session.device = "device-1";
        session.deployment = "deployment-1";
        session.request.attempt = make_nonce();
        store().open_session(session, Certification::make(), time.unix_time + 5);
        BOOST_TEST(store().take(session, SessionStep::stored, "device", "").value());
        BOOST_TEST(store().notices(10).size() == sessions_ended);
        session.reason = Errc::no_room;
        BOOST_TEST(store().take(session, SessionStep::failed, "device", "").value());
        // What follows the end is no other result.
        BOOST_TEST(!store().take(session, SessionStep::rolled_back, "device", "").value());
        store().note(session, "rolled_back", "device", "");
        ++sessions_ended;
        return session.id;
    }
    int queued{0};
    std::size_t sessions_ended{0};
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(notices, Owing)

BOOST_AUTO_TEST_CASE(C7_the_end_of_a_session_leaves_one_notice_that_survives_the_plugins_end) {
    const auto session = end_one();
    BOOST_TEST(queued == 1);
    restart();
    const auto next = store().next_notice();
    BOOST_REQUIRE(next);
    BOOST_TEST(next->session == session);
    BOOST_TEST(next->body == "of " + session);
    BOOST_TEST(next->due == time.unix_time);
    BOOST_TEST(next->attempts == 0U);
    store().told(session);
    BOOST_TEST(!store().next_notice().has_value());
    auto told = store().session(session).value();
    store().note(told, "rolled_back", "device", "later");
    BOOST_TEST(store().notices(10).empty());
}

BOOST_AUTO_TEST_CASE(without_a_webhook_nothing_is_kept_for_it) {
    restart();
    Session session;
    session.id = make_nonce();
    session.device = "device-1";
    session.request.attempt = make_nonce();
    store().open_session(session, Certification::make(), time.unix_time + 5);
    BOOST_TEST(store().take(session, SessionStep::failed, "device", "").value());
    BOOST_TEST(store().notices(10).empty());
}

BOOST_AUTO_TEST_CASE(what_failed_is_due_later_and_does_not_hold_up_the_others) {
    const auto first = end_one();
    time.pass(std::chrono::seconds(1));
    const auto second = end_one();
    BOOST_TEST(store().next_notice()->session == first);
    store().not_told(first, "it answers 500", time.unix_time + 1000);
    BOOST_TEST(store().next_notice()->session == second);
    store().told(second);
    restart();
    const auto again = store().next_notice();
    BOOST_REQUIRE(again);
    BOOST_TEST(again->session == first);
    BOOST_TEST(again->attempts == 1U);
    BOOST_TEST(again->error == "it answers 500");
    BOOST_TEST(again->due == time.unix_time + 1000);
}

BOOST_AUTO_TEST_CASE(a_dead_letter_waits_for_the_operator) {
    const auto session = end_one();
    store().give_up_notice(session, "it answers 400");
    BOOST_TEST(!store().next_notice().has_value());
    BOOST_REQUIRE_EQUAL(store().notices(10).size(), 1U);
    BOOST_TEST(store().notices(10)[0].dead);
    time.pass(std::chrono::hours(1));
    queued = 0;
    BOOST_TEST(store().tell_again(session));
    BOOST_TEST(queued == 1);
    BOOST_TEST(store().next_notice()->attempts == 0U);
    BOOST_TEST(store().next_notice()->since == time.unix_time);
    BOOST_TEST(store().forget_notice(session));
    BOOST_TEST(!store().forget_notice(session));
    BOOST_TEST(!store().tell_again(session));
}

BOOST_AUTO_TEST_CASE(a_session_stays_for_its_result_only_while_there_is_somebody_to_tell) {
    end_one();
    const auto letter = end_one();
    store().give_up_notice(letter, "it answers 400");
    time.pass(std::chrono::hours(1));
    const Forgetting all{time.unix_time, time.unix_time, 0, 100};
    BOOST_TEST(store().forget_sessions(all) == 0U);
    restart(); // without a webhook
    BOOST_TEST(store().forget_sessions(all) == 2U);
    BOOST_TEST(store().notices(10).empty());
}

BOOST_AUTO_TEST_CASE(only_the_newest_dead_letters_are_kept) {
    const auto oldest = end_one();
    time.pass(std::chrono::seconds(1));
    store().give_up_notice(oldest, "x");
    for (std::uint64_t i = 0; i < Store::max_dead_notices; ++i) {
        Session session;
        session.id = make_nonce();
        session.device = "device-1";
        session.request.attempt = make_nonce();
        store().open_session(session, Certification::make(), time.unix_time + 5);
        BOOST_REQUIRE(store().take(session, SessionStep::aborted, "operator", "").value());
        store().give_up_notice(session.id, "x");
    }
    const auto kept = store().notices(2000);
    BOOST_TEST(kept.size() == Store::max_dead_notices);
    BOOST_TEST(std::ranges::none_of(kept, [&](const Notice& one) { return one.session == oldest; }));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace two_path::state
