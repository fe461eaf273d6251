/// Answers that are made while they are sent, over real loopback sockets.
#include "tests/unit/plugin/control/https_world.hpp"

#include <boost/test/unit_test.hpp>

#include <optional>

namespace two_path::tests {
BOOST_AUTO_TEST_SUITE(http_stream)

namespace {

std::string get(std::string_view target) {
    return "GET " + std::string(target) + " HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";
}

} // namespace

BOOST_AUTO_TEST_CASE(comes_as_it_is_made_and_ends_with_the_server) {
    HttpsWorld world;
    RawClient client(world);
    const auto answer = client.ask(get("/stream"));
    BOOST_TEST(answer.status == 200U);
    BOOST_TEST(answer.field("Content-Length").empty());
    BOOST_TEST(answer.field("Connection") == "close");
    BOOST_TEST(client.receive_bytes(6) == "onetwo");
    auto stopped = world.stop(patience * 10); // without waiting for the grace
    BOOST_TEST(client.is_closed());
    BOOST_TEST((stopped.wait_for(patience) == std::future_status::ready));
    BOOST_TEST(world.stream_was_ended());
}

BOOST_AUTO_TEST_CASE(is_told_when_its_client_leaves) {
    HttpsWorld world;
    std::optional<RawClient> client(std::in_place, world);
    client->send(get("/stream"));
    client->receive();
    BOOST_TEST(client->receive_bytes(6) == "onetwo");
    client.reset();
    BOOST_TEST(world.stream_was_ended());
    BOOST_TEST(world.settles_at(0));
}

BOOST_AUTO_TEST_CASE(does_not_take_another_request_for_a_farewell) {
    HttpsWorld world;
    RawClient client(world);
    client.send(get("/stream") + get("/hello"));
    client.receive();
    BOOST_TEST(client.receive_bytes(6) == "onetwo");
    BOOST_TEST(world.connections() == 1U);
}

BOOST_AUTO_TEST_CASE(that_fails_ends_and_the_log_says_why) {
    HttpsWorld world;
    CaughtLog log;
    RawClient client(world);
    client.send(get("/broken-stream"));
    client.receive();
    BOOST_TEST(client.receive_bytes(3) == "one");
    BOOST_TEST(client.is_closed());
    BOOST_TEST(!log.line_with("the disk is on fire").empty());
    RawClient next(world);
    BOOST_TEST(next.ask(get("/hello")).body == "hello");
}

BOOST_AUTO_TEST_CASE(is_not_begun_where_only_the_head_is_asked_for) {
    HttpsWorld world;
    RawClient client(world);
    const auto answer = client.ask("HEAD /stream HTTP/1.1\r\nHost: a\r\n\r\n");
    BOOST_TEST(answer.status == 200U);
    BOOST_TEST(client.is_closed());
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace two_path::tests
