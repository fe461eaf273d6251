#include "api_world.hpp"

#include <vector>

namespace two_path::control {
BOOST_AUTO_TEST_SUITE(session_feed)

namespace {

using tests::PluginWorld;
using tests::run;

/// One event as a watcher gets it; the name is empty for a sign of life.
struct Told {
    std::string name;
    json::value data;
};

std::vector<Told> parse(const std::string& text) {
    std::vector<Told> events;
    std::string_view rest(text);
    while (!rest.empty()) {
        const auto end = rest.find("\n\n");
        BOOST_REQUIRE(end != std::string_view::npos);
        const auto block = rest.substr(0, end);
        rest.remove_prefix(end + 2);
        if (block.substr(0, 1) == ":") {
            events.push_back({"", nullptr});
            continue;
        }
        const auto line = block.find("\ndata: ");
        BOOST_REQUIRE(block.substr(0, 7) == "event: ");
        BOOST_REQUIRE(line != std::string_view::npos);
        events.push_back({std::string(block.substr(7, line - 7)), json::parse(block.substr(line + 7))});
    }
    return events;
}

/// A plugin with one session that transfers, and who watches it.
struct FeedWorld : PluginWorld {
    explicit FeedWorld(FeedRules rules = {})
      : feed(boost::asio::system_executor(), host, store(), admission(), rules) {
        host.operators = {{"token-op", "operator@example.com"}};
        follow_sessions(store(), admission(), feed, meters);
        descriptor = describe("app-2.0", "2.0", "some bytes");
        publish(descriptor);
        session = begin("device-1");
        sessions().stored("device-1", session).value();
        BOOST_REQUIRE(admission().login(session, "192.0.2.9"));
    }

    std::string begin(const std::string& device) {
        deploy(device, descriptor, "deployment-1");
        return open(device, PluginWorld::request(descriptor)).value().session;
    }
    std::shared_ptr<BodyStream> watch() { return feed.watch("token-op", {}).value(); }
    static std::vector<Told> next(const std::shared_ptr<BodyStream>& watcher) {
        return parse(run(watcher->next()));
    }

    SessionFeed feed;
    Meters meters;
    Descriptor descriptor;
    std::string session;
};

FeedRules with(void (*change)(FeedRules&)) {
    FeedRules rules;
    change(rules);
    return rules;
}

} // namespace

BOOST_AUTO_TEST_CASE(begins_with_what_there_is_and_goes_on_with_what_changes) {
    FeedWorld world;
    const auto watcher = world.watch();
    auto told = world.next(watcher);
    BOOST_REQUIRE_EQUAL(told.size(), 1U);
    BOOST_TEST(told[0].name == "snapshot");
    BOOST_TEST(told[0].data.at("sessions").at(0).at("id") == json::value(world.session));
    BOOST_TEST(told[0].data.at("sessions").at(0).at("state") == "transferring");

    world.sessions().failed("device-1", world.session, {"Download", {Errc::tampered, "block 3"}}).value();
    told = world.next(watcher);
    BOOST_REQUIRE_EQUAL(told.size(), 1U);
    BOOST_TEST(told[0].name == "session");
    BOOST_TEST(told[0].data.at("reason") == "tampered");
    BOOST_TEST(told[0].data.at("advice") == json::value(info(Errc::tampered).advice));
}

BOOST_AUTO_TEST_CASE(tells_steps_that_were_not_read_in_time_as_the_last_of_them) {
    FeedWorld world;
    const auto watcher = world.watch();
    world.next(watcher);
    const auto other = world.begin("device-2");
    world.sessions().stored("device-2", other).value();
    world.sessions().abort(other, "someone").value();
    const auto told = world.next(watcher);
    BOOST_REQUIRE_EQUAL(told.size(), 1U);
    BOOST_TEST(told[0].data.at("state") == "aborted");
}

BOOST_AUTO_TEST_CASE(tells_bytes_together_and_not_too_often) {
    FeedWorld world(with([](FeedRules& rules) { rules.progress = std::chrono::milliseconds(20); }));
    const auto watcher = world.watch();
    world.next(watcher);
    for (int i = 0; i < 5; ++i)
        world.admission().sent(world.session, 1);
    auto told = world.next(watcher);
    BOOST_REQUIRE_EQUAL(told.size(), 1U);
    BOOST_TEST(told[0].name == "progress");
    BOOST_TEST(told[0].data.at("sessions").at(world.session) ==
               (json::object{{"sent", 5}, {"sent_https", 0}}));
    world.admission().sent(world.session, 2);
    world.admission().fell_back(world.session, 3);
    const auto before = std::chrono::steady_clock::now();
    told = world.next(watcher);
    BOOST_TEST((std::chrono::steady_clock::now() - before > std::chrono::milliseconds(5)));
    BOOST_TEST(told[0].data.at("sessions").at(world.session) ==
               (json::object{{"sent", 7}, {"sent_https", 3}}));
}

BOOST_AUTO_TEST_CASE(gives_a_reader_that_is_far_behind_everything_anew) {
    FeedWorld world(with([](FeedRules& rules) { rules.most_waiting = 2; }));
    const auto watcher = world.watch();
    world.next(watcher);
    for (const auto* device : {"device-2", "device-3", "device-4"})
        world.begin(device);
    const auto told = world.next(watcher);
    BOOST_REQUIRE_EQUAL(told.size(), 1U);
    BOOST_TEST(told[0].name == "snapshot");
    BOOST_TEST(told[0].data.at("sessions").as_array().size() == 4U);
}

BOOST_AUTO_TEST_CASE(gives_signs_of_life_and_ends_when_the_token_does) {
    FeedWorld world(with([](FeedRules& rules) { rules.heartbeat = std::chrono::milliseconds(10); }));
    const auto watcher = world.watch();
    BOOST_TEST(world.next(watcher).at(0).name == "snapshot");
    BOOST_TEST(world.next(watcher).at(0).name.empty());
    world.host.failure = fail(Errc::unavailable, "the framework is down"); // no reason to leave
    BOOST_TEST(world.next(watcher).at(0).name.empty());
    world.host.failure.reset();
    world.host.operators.clear();
    const auto told = world.next(watcher);
    BOOST_TEST(told.at(0).name == "end");
    BOOST_TEST(told.at(0).data.at("reason") == "unauthorized");
    BOOST_TEST(world.next(watcher).empty());
    BOOST_TEST(world.feed.watchers() == 0U);
}

BOOST_AUTO_TEST_CASE(has_room_for_so_many_and_for_the_next_when_one_leaves) {
    FeedWorld world(with([](FeedRules& rules) { rules.most_watchers = 2; }));
    auto first = world.watch();
    const auto second = world.watch();
    BOOST_TEST((world.feed.watch("token-op", {}).error().code == Errc::busy));
    second->close();
    BOOST_TEST(world.next(second).empty());
    const auto third = world.watch();
    BOOST_TEST(!world.feed.watch("token-op", {}));
    first.reset(); // never begun, as for HEAD
    BOOST_TEST(world.feed.watch("token-op", {}).has_value());
}

BOOST_AUTO_TEST_CASE(is_for_operators) {
    tests::ApiWorld world;
    for (const auto* token : {"", "unknown", "token-1"})
        BOOST_TEST(world.ask(token, "GET", std::string(messages::management_api) + "/events").status == 401U);
    // Addresses end up in logs and histories: no token is taken from one.
    const auto with_token =
        std::string(messages::management_api) + "/events?access_token=token-op&token=token-op";
    BOOST_TEST(world.ask("", "GET", with_token).status == 401U);
    const auto answer = world.operate("GET", "/events");
    BOOST_TEST(answer.status == 200U);
    BOOST_TEST(answer.headers.at("Content-Type") == "text/event-stream");
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace two_path::control
