// What is ordered again after a transfer that failed, without a host framework behind it.
#include "opened_session.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>

namespace two_path::control {
BOOST_AUTO_TEST_SUITE(redeploying)

namespace {

using tests::OpenedSession;
using tests::run;

/// A plugin that orders again up to twice.
struct Ordering : OpenedSession {
    Redeploying redeploying{store(), host, 2};

    void fails(Errc reason, std::uint64_t kept, std::string stage = "Download") {
        redeploying.consider(session(), {std::move(stage), {reason, "why"}, kept});
        run(redeploying.order_due());
    }
    /// As after the deployment that the plugin ordered.
    void next_session() {
        failed(Errc::truncated, "why").value();
        deploy("device-1", descriptor, host.active["device-1"].id + "+");
        id = open("device-1", request(descriptor)).value().session;
        to(SessionState::transferring);
    }
    std::string last_note() { return events().back().detail; }
};

} // namespace

BOOST_AUTO_TEST_CASE(only_what_time_may_mend_is_ordered_again) {
    const auto again = {Errc::time_limit,
                        Errc::truncated,
                        Errc::second_path_unreachable,
                        Errc::plugin_unreachable,
                        Errc::certification_expired,
                        Errc::interrupted};
    for (const auto reason :
         {Errc::no_room, Errc::tampered, Errc::downgrade, Errc::aborted, Errc::superseded,
          Errc::inner_module_failed, Errc::bad_descriptor, Errc::certification_refused, Errc::payload_refused,
          Errc::version_mismatch, Errc::time_limit, Errc::truncated, Errc::second_path_unreachable,
          Errc::plugin_unreachable, Errc::certification_expired, Errc::interrupted}) {
        Ordering world;
        world.to(SessionState::transferring);
        world.fails(reason, 1);
        BOOST_TEST(world.host.orders.size() == (std::ranges::count(again, reason) != 0 ? 1U : 0U),
                   info(reason).reason);
    }
}

BOOST_AUTO_TEST_CASE(nothing_is_ordered_again_once_the_device_has_begun_to_change) {
    using S = SessionState;
    struct Row {
        std::string stage;
        S last; ///< the furthest state in which the release is ordered again
    };
    // The state stays `invalidated` from the last block until the installer is done.
    for (const auto& row :
         {Row{"Download", S::invalidated}, Row{"DownloadWithFileSizes", S::invalidated},
          Row{"Cleanup", S::transferred}, Row{"ArtifactInstall", S::opened}, Row{"", S::opened}})
        for (const auto state :
             {S::certified, S::transferring, S::transferred, S::invalidated, S::installed, S::restarted}) {
            Ordering world;
            world.to(state);
            world.fails(Errc::time_limit, 1, row.stage);
            BOOST_TEST(world.host.orders.size() == (state <= row.last ? 1U : 0U),
                       row.stage << " " << name_of(state));
        }
}

BOOST_AUTO_TEST_CASE(the_order_names_the_device_the_release_and_the_deployment_it_repeats) {
    Ordering world;
    world.to(SessionState::transferring);
    world.fails(Errc::truncated, 1);
    const auto& order = world.host.orders.at(0);
    BOOST_TEST(order.device == "device-1");
    BOOST_TEST(order.releases == std::vector<std::string>{"app-2.0"}, boost::test_tools::per_element());
    BOOST_TEST((order.repeats == "deployment-1"));
    BOOST_TEST(world.store().redeployment_of(world.id)->ordered.value() == "ordered-1");
    BOOST_TEST(world.last_note() == "ordered again, 1 of 2: deployment ordered-1");
}

BOOST_AUTO_TEST_CASE(a_failure_told_twice_is_ordered_once) {
    Ordering world;
    world.to(SessionState::transferring);
    world.fails(Errc::truncated, 1);
    world.fails(Errc::truncated, 2);
    BOOST_TEST(world.host.orders.size() == 1U);
}

BOOST_AUTO_TEST_CASE(each_attempt_must_have_got_further_than_all_before) {
    for (const std::uint64_t kept : {0U, 9U, 10U, 11U}) {
        Ordering world;
        world.to(SessionState::transferring);
        world.fails(Errc::truncated, 10);
        world.next_session();
        world.fails(Errc::truncated, kept);
        BOOST_TEST(world.host.orders.size() == (kept > 10 ? 2U : 1U), kept);
    }
}

BOOST_AUTO_TEST_CASE(it_ends_after_so_many_until_the_release_is_committed) {
    Ordering world;
    world.to(SessionState::transferring);
    for (std::uint64_t kept = 1; kept <= 3; ++kept) {
        world.fails(Errc::truncated, kept);
        if (kept < 3) world.next_session();
    }
    BOOST_TEST(world.host.orders.size() == 2U);
    BOOST_TEST(world.last_note() == "not ordered again: that was done 2 times");
    world.redeploying.succeeded(world.session());
    world.fails(Errc::truncated, 1);
    BOOST_TEST(world.host.orders.size() == 3U);
}

BOOST_AUTO_TEST_CASE(while_the_host_is_away_the_order_stays_due_for_a_week) {
    Ordering world;
    world.to(SessionState::transferring);
    world.host.failure = Error{Errc::unavailable, "away"};
    world.fails(Errc::truncated, 1);
    BOOST_TEST(world.store().due_redeployments().size() == 1U);
    world.time.pass(std::chrono::hours(7 * 24));
    run(world.redeploying.order_due());
    BOOST_TEST(world.store().due_redeployments().empty());
    BOOST_TEST(world.last_note() == "not ordered again: away");
}

BOOST_AUTO_TEST_CASE(an_order_that_is_refused_is_not_tried_again) {
    Ordering world;
    world.to(SessionState::transferring);
    world.host.failure = Error{Errc::not_found, "no such release"};
    world.fails(Errc::truncated, 1);
    world.host.failure.reset();
    run(world.redeploying.order_due());
    BOOST_TEST(world.host.orders.size() == 1U);
    BOOST_TEST(world.last_note() == "not ordered again: no such release");
}

BOOST_AUTO_TEST_CASE(never_when_told_so) {
    Ordering world;
    Redeploying never(world.store(), world.host, 0);
    world.to(SessionState::transferring);
    never.consider(world.session(), {"Download", {Errc::truncated, "why"}, 1});
    BOOST_TEST(world.store().due_redeployments().empty());
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace two_path::control
