#include "plugin/control/retention.hpp"

#include "tests/support/plugin_world.hpp"

#include <boost/asio/system_executor.hpp>
#include <boost/test/unit_test.hpp>

#include <fcntl.h>
#include <sys/stat.h>

namespace two_path::control {
namespace {

using std::chrono::hours;
using tests::PluginWorld;

constexpr hours day{24};

/// A plugin with rules of its own.
class Keeping : public PluginWorld {
  public:
    [[nodiscard]] Retention retention(RetentionRules rules) {
        const boost::asio::any_io_executor anywhere = boost::asio::system_executor();
        return {{anywhere, loop_.get_executor(), anywhere}, store(), payloads(), rules};
    }
    std::string session(SessionState end, const std::string& device = "device-1",
                        const std::string& release = "app-2.0") {
        state::Session session;
        session.id = make_nonce();
        session.device = device;
        session.deployment = "deployment-1";
        session.request.attempt = make_nonce();
        session.request.release = release;
        session.state = SessionState::opened;
        store().open_session(session, Certification::make(), time.unix_time + 5);
        if (end == SessionState::opened) return session.id;
        if (end == SessionState::committed) {
            session.state = SessionState::confirmed;
            BOOST_TEST(store().take(session, SessionStep::committed, "device", "").value());
        } else {
            BOOST_TEST(store().take(session, SessionStep::failed, "device", "").value());
        }
        return session.id;
    }
    bool has(const std::string& session) { return store().session(session).has_value(); }
    /// As if it had been stored then.
    void age(const std::string& payload, hours by) {
        const auto path = folder / "payloads" / payload;
        const auto then = std::chrono::milliseconds(time.unix_time) - by;
        timespec times[2]{};
        times[0].tv_sec = times[1].tv_sec = std::chrono::duration_cast<std::chrono::seconds>(then).count();
        BOOST_REQUIRE(::utimensat(AT_FDCWD, path.c_str(), times, 0) == 0);
    }

  private:
    boost::asio::io_context loop_;
};

RetentionRules rules() {
    RetentionRules rules;
    rules.sessions = 30 * day;
    rules.most_sessions = 1000;
    rules.unused = 7 * day;
    return rules;
}

RetentionRules quota(std::uint64_t bytes) {
    auto tight = rules();
    tight.payload_quota = bytes;
    return tight;
}

bool fits(Retention& retention, std::uint64_t bytes, std::string_view expected = {}) {
    return Retention::Intake(retention, expected).take(bytes).has_value();
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(retention, Keeping)

BOOST_AUTO_TEST_CASE(old_sessions_that_have_ended_go_with_their_events) {
    const auto old = session(SessionState::failed);
    const auto open = session(SessionState::opened, "device-2");
    time.pass(31 * day);
    const auto fresh = session(SessionState::failed);
    BOOST_TEST(!retention(rules()).tidy());
    BOOST_TEST(!has(old));
    BOOST_TEST(store().events(old).empty());
    BOOST_TEST(has(open));
    BOOST_TEST(has(fresh));
}

BOOST_AUTO_TEST_CASE(what_is_still_needed_stays_however_old_it_is) {
    const auto descriptor = describe("app-2.0", "2.0", "some bytes");
    publish(descriptor);
    const auto earlier = session(SessionState::committed);
    time.pass(std::chrono::seconds(1));
    const auto committed = session(SessionState::committed);
    const auto other_device = session(SessionState::committed, "device-2");
    const auto gone_release = session(SessionState::committed, "device-1", "app-1.0");
    const auto again = session(SessionState::failed);
    store().add_redeployment({again, "device-1", "app-2.0", "deployment-1", 1, 1, std::nullopt});
    store().tell_results([](const state::Session&) { return "{}"; }, {});
    const auto owed = session(SessionState::failed);
    time.pass(400 * day);
    BOOST_TEST(!retention(rules()).tidy());
    BOOST_TEST(!has(earlier));
    BOOST_TEST(has(committed));
    BOOST_TEST(has(other_device));
    BOOST_TEST(!has(gone_release));
    BOOST_TEST(has(again));
    BOOST_TEST(has(owed));
    BOOST_TEST(store().committed("device-1").at("app") == 1U);
    store().told(owed);
    BOOST_TEST(!retention(rules()).tidy());
    BOOST_TEST(!has(owed));
}

BOOST_AUTO_TEST_CASE(beyond_their_number_the_oldest_go_but_none_of_the_last_day) {
    auto few = rules();
    few.most_sessions = 3;
    std::vector<std::string> all;
    for (int i = 0; i < 6; ++i) {
        all.push_back(session(SessionState::failed));
        time.pass(std::chrono::minutes(1));
    }
    BOOST_TEST(!retention(few).tidy());
    for (const auto& one : all)
        BOOST_TEST(has(one));
    time.pass(2 * day);
    BOOST_TEST(!retention(few).tidy());
    for (std::size_t i = 0; i < all.size(); ++i)
        BOOST_TEST(has(all[i]) == (i >= 3), i);
}

BOOST_AUTO_TEST_CASE(many_go_in_several_rounds) {
    for (int i = 0; i < 250; ++i)
        static_cast<void>(session(SessionState::failed));
    time.pass(31 * day);
    auto keeper = retention(rules());
    BOOST_TEST(keeper.tidy());
    BOOST_TEST(!keeper.tidy());
    BOOST_TEST(store().sessions({}).empty());
}

BOOST_AUTO_TEST_CASE(a_payload_goes_only_when_no_release_has_it_and_it_is_old) {
    const auto descriptor = describe("app-2.0", "2.0", "of a release");
    publish(descriptor);
    const auto used = descriptor.files[0].id;
    const auto old = add_payload("old");
    const auto fresh = add_payload("fresh");
    age(used, 100 * day);
    age(old, 8 * day);
    age(fresh, 6 * day);
    BOOST_TEST(!retention(rules()).tidy());
    BOOST_TEST(payloads().size_of(used).has_value());
    BOOST_TEST(!payloads().size_of(old).has_value());
    BOOST_TEST(payloads().size_of(fresh).has_value());
    BOOST_TEST(store().remove_release("app-2.0"));
    BOOST_TEST(!retention(rules()).tidy());
    BOOST_TEST(!payloads().size_of(used).has_value());
}

BOOST_AUTO_TEST_CASE(the_quota_removes_what_nobody_needs_and_then_refuses) {
    const auto descriptor = describe("app-2.0", "2.0", std::string(60, 'x'));
    publish(descriptor);
    age(descriptor.files[0].id, 100 * day);
    auto tight = retention(quota(100));
    BOOST_TEST(fits(tight, 40));
    BOOST_TEST(!fits(tight, 41));
    const auto older = add_payload(std::string(30, 'a'));
    const auto newer = add_payload(std::string(31, 'b'));
    age(older, hours(3));
    age(newer, hours(2));
    // The older one suffices.
    BOOST_TEST(fits(tight, 9));
    BOOST_TEST(!payloads().size_of(older).has_value());
    BOOST_TEST(payloads().size_of(newer).has_value());
    // A publication under way is left alone, and a release's payload always.
    age(newer, hours(0));
    const auto more = add_payload(std::string(30, 'c'));
    age(more, hours(0));
    Retention::Intake intake(tight, {});
    const auto refused = intake.take(1);
    BOOST_REQUIRE(!refused);
    BOOST_TEST((refused.error().code == Errc::no_room));
    BOOST_TEST(payloads().list().value().size() == 3U);
    auto without = retention(rules());
    BOOST_TEST(fits(without, std::uint64_t{1} << 60U));
}

BOOST_AUTO_TEST_CASE(what_is_on_its_way_counts_until_it_is_stored_or_gone) {
    auto tight = retention(quota(100));
    {
        Retention::Intake first(tight, {});
        Retention::Intake second(tight, {});
        BOOST_TEST(first.take(40).has_value());
        BOOST_TEST(second.take(50).has_value());
        BOOST_TEST(first.take(10).has_value());
        BOOST_TEST((second.take(1).error().code == Errc::no_room));
    }
    {
        Retention::Intake stored(tight, {});
        BOOST_TEST(stored.take(60).has_value());
        age(add_payload(std::string(60, 'x')), hours(0));
    }
    BOOST_TEST(fits(tight, 40));
    BOOST_TEST(!fits(tight, 41));
}

BOOST_AUTO_TEST_CASE(a_payload_that_comes_again_is_no_second_one) {
    auto tight = retention(quota(100));
    const auto stored = add_payload(std::string(100, 'x'));
    age(stored, hours(0));
    BOOST_TEST(!fits(tight, 100));
    BOOST_TEST(fits(tight, 100, stored));
    BOOST_TEST(!fits(tight, 101, stored));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace two_path::control
