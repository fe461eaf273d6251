#include "api_world.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>

#include <deque>

namespace two_path::control {
BOOST_AUTO_TEST_SUITE(monitoring)

namespace {

using tests::ApiWorld;
using tests::PluginWorld;
using tests::TextBody;

/// ApiWorld parses answers as JSON, which metrics are not.
std::string metrics(ApiWorld& world, const std::string& token) {
    return world.text(token, std::string(messages::management_api) + "/metrics");
}

bool has(const std::string& text, const std::string& line) {
    return text.find("\n" + line + "\n") != std::string::npos;
}

json::value health(ApiWorld& world, unsigned status) {
    world.time.pass(std::chrono::seconds(5));
    const auto answer = world.ask("", "GET", std::string(messages::management_api) + "/health");
    BOOST_TEST(answer.status == status);
    return answer.body;
}

} // namespace

BOOST_AUTO_TEST_CASE(health_says_what_is_wrong_and_notices_that_it_is_over) {
    ApiWorld world;
    BOOST_TEST(health(world, 200) == (json::object{{"status", "ok"}}));
    world.figures.ftp_listens = false;
    const auto failing = health(world, 503);
    BOOST_TEST(failing.at("status") == "failing");
    BOOST_TEST(failing.at("problems").at(0) == "the FTP server does not listen");
    world.figures.ftp_listens = true;
    health(world, 200);
}

BOOST_AUTO_TEST_CASE(health_looks_now_and_then_only) {
    ApiWorld world;
    health(world, 200);
    world.figures.ftp_listens = false;
    world.time.pass(std::chrono::seconds(4));
    BOOST_TEST(world.ask("", "GET", std::string(messages::management_api) + "/health").status == 200U);
}

BOOST_AUTO_TEST_CASE(who_asks_while_health_looks_is_not_told_of_what_was_before) {
    ApiWorld world;
    boost::asio::io_context loop;
    // Two requests, of which the first waits for the network when the second comes.
    const auto slow = [&]() -> awaitable<NetworkFigures> {
        co_await boost::asio::post(loop, boost::asio::use_awaitable);
        co_return NetworkFigures{{}, 0, 0, false};
    };
    Router router;
    const Meters meters;
    add_monitoring_api(router, {world.host, world.store(), world.admission(), world.payloads(), world.feed,
                                meters, slow, world.folder.path(), ""});
    std::vector<unsigned> statuses;
    std::deque<Request> requests(2);
    for (auto& request : requests) {
        request.method = "GET";
        request.path = std::string(messages::management_api) + "/health";
        boost::asio::co_spawn(
            loop, router.serve(request),
            [&](const std::exception_ptr&, const Response& answer) { statuses.push_back(answer.status); });
    }
    loop.run();
    BOOST_TEST(statuses == (std::vector<unsigned>{503, 503}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(metrics_are_for_operators_and_for_who_has_the_token_made_for_them) {
    ApiWorld world;
    for (const auto* token : {"", "unknown", "token-1", "a-token-for-prometheu"})
        BOOST_TEST(world.ask(token, "GET", std::string(messages::management_api) + "/metrics").status ==
                   401U);
    BOOST_TEST(has(metrics(world, "token-op"), "# TYPE two_path_sessions gauge"));
    BOOST_TEST(has(metrics(world, "a-token-for-prometheus"), "# TYPE two_path_sessions gauge"));
}

BOOST_AUTO_TEST_CASE(metrics_count_what_happened) {
    ApiWorld world;
    const auto descriptor = world.describe("app-2.0", "2.0", "some bytes");
    world.publish(descriptor);
    for (const auto* device : {"device-1", "device-2"}) {
        world.deploy(device, descriptor, "deployment-1");
        const auto id = world.open(device, PluginWorld::request(descriptor)).value().session;
        world.sessions().stored(device, id).value();
        BOOST_REQUIRE(world.admission().login(id, "192.0.2.9"));
        world.admission().sent(id, 10);
        world.time.pass(std::chrono::seconds(2));
        if (std::string_view(device) == "device-1") {
            world.sessions().transferred(device, id, {10, 0, 4, 2, 0.5, "sha256", "kept+ftp"}).value();
        } else {
            world.sessions().failed(device, id, {"Download", {Errc::tampered, "block 3"}}).value();
            world.sessions().failed(device, id, {"Download", {Errc::tampered, "told twice"}}).value();
        }
    }
    world.admission().refused();
    const auto text = metrics(world, "token-op");
    for (const auto* line :
         {"two_path_sessions{state=\"transferred\"} 1", "two_path_sessions{state=\"transferring\"} 0",
          "two_path_sessions_ended_total{state=\"failed\",reason=\"tampered\"} 1",
          "two_path_transferred_bytes_total{path=\"kept+ftp\",mode=\"pull\"} 6",
          "two_path_transfer_cpu_seconds_total{path=\"kept+ftp\",mode=\"pull\"} 0.5",
          "two_path_sent_bytes_total{path=\"ftp\"} 20", "two_path_sent_bytes_total{path=\"https\"} 0",
          "two_path_fallbacks_total 0", "two_path_second_path_logins_refused_total 1",
          "two_path_https_requests_total{status=\"401\"} 1", "two_path_ftp_connections 1",
          "two_path_catalog_bytes 10", "two_path_catalog_payloads 1",
          "two_path_build_info{version=\"" TWO_PATH_VERSION "\"} 1"})
        BOOST_TEST(has(text, line), line << " is not in\n" << text);
}

BOOST_AUTO_TEST_CASE(fallbacks_are_counted_with_their_bytes) {
    ApiWorld world;
    TurnRules turns;
    turns.most_fallbacks = 8;
    world.sessions().change(turns);
    const auto descriptor = world.describe("app-2.0", "2.0", "some bytes");
    world.publish(descriptor);
    world.deploy("device-1", descriptor, "deployment-1");
    const auto id = world.open("device-1", PluginWorld::request(descriptor)).value().session;
    world.sessions().stored("device-1", id).value();
    const auto path = messages::session_path(id, "files/" + descriptor.files.at(0).id);
    for (int i = 0; i < 2; ++i) // twice the file, in one fallback
        BOOST_REQUIRE_EQUAL(world.ask("token-1", "GET", path).status, 200U);
    BOOST_REQUIRE_EQUAL(world.ask("token-1", "HEAD", path).status, 200U);
    const auto text = metrics(world, "token-op");
    BOOST_TEST(has(text, "two_path_fallbacks_total 1"), text);
    BOOST_TEST(has(text, "two_path_sent_bytes_total{path=\"https\"} 20"), text);
    BOOST_TEST(has(text, "two_path_sent_bytes_total{path=\"ftp\"} 0"), text);
}

BOOST_AUTO_TEST_CASE(a_device_makes_no_labels_up) {
    Meters meters;
    state::Session session;
    session.state = SessionState::transferred;
    session.transfer = messages::TransferReport{10, 0, 0, 1, 1, "sha256", "carrier pigeon\"} 1"};
    meters.moved(session);
    BOOST_REQUIRE_EQUAL(meters.transfers().size(), 1U);
    BOOST_TEST(meters.transfers().begin()->first.first == "other");
}

BOOST_AUTO_TEST_CASE(a_device_reports_no_more_than_its_session_had) {
    Meters meters;
    state::Session session;
    session.state = SessionState::transferred;
    session.total = 10;
    session.changed = session.opened + 3'000;
    const auto& sums = meters.transfers();
    const auto sum = [&]() -> const TransferSum& { return sums.at({"ftp", "pull"}); };
    session.transfer = messages::TransferReport{~0ULL, 0, 4, 1e300, 1e300, "sha256", "ftp"};
    meters.moved(session);
    BOOST_TEST(sum().bytes == 6U);
    BOOST_TEST(sum().seconds == 3.0);
    BOOST_TEST(sum().cpu_seconds == 12.0); // four cores
    session.transfer = messages::TransferReport{10, 0, ~0ULL, -1e300, -1e300, "sha256", "ftp"};
    session.changed = session.opened - 3'000; // the clock was set back
    meters.moved(session);
    BOOST_TEST(sum().transfers == 2U);
    BOOST_TEST(sum().bytes == 6U);
    BOOST_TEST(sum().seconds == 3.0);
    BOOST_TEST(sum().cpu_seconds == 12.0);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace two_path::control
