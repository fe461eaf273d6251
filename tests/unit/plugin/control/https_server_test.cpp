/// The HTTPS server over real loopback sockets: what it answers, and what it does not put up with.
#include "tests/unit/plugin/control/https_world.hpp"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <openssl/ssl.h>

#include <ostream>

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

namespace two_path::tests {
namespace {

namespace data = boost::unit_test::data;
using std::chrono::milliseconds;

constexpr std::string_view host_line = "Host: 127.0.0.1\r\n";

std::string get(std::string_view target) {
    return "GET " + std::string(target) + " HTTP/1.1\r\n" + std::string(host_line) + "\r\n";
}
std::string post(std::string_view target, std::string_view fields) {
    return "POST " + std::string(target) + " HTTP/1.1\r\n" + std::string(host_line) + std::string(fields) +
           "\r\n";
}

control::HttpsServerOptions with(void (*change)(control::HttpsServerOptions&)) {
    control::HttpsServerOptions options;
    change(options);
    return options;
}

/// Requests that are answered with an error, and the connection with it.
struct Malformed {
    const char* text;
    unsigned status;
};
std::ostream& operator<<(std::ostream& out, const Malformed& row) {
    return out << std::string_view(row.text).substr(0, 30);
}
const Malformed malformed[]{
    {"no request at all\r\n\r\n", 400},
    {"GET / HTTP/1.1\r\n\r\n", 400},
    {"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400},
    {"GET nothing HTTP/1.1\r\nHost: a\r\n\r\n", 400},
    {"GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n", 400},
    {"GET / HTTP/1.1\r\nHost: a\r\nX : y\r\n\r\n", 400},
    {"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", 400},
    {"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
     400},
    {"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: -3\r\n\r\n", 400},
    {"POST /echo HTTP/1.1\r\nHost: a\r\nExpect: a miracle\r\nContent-Length: 3\r\n\r\nabc", 422},
};

} // namespace

BOOST_AUTO_TEST_SUITE(https_server)

BOOST_AUTO_TEST_CASE(answers_carry_what_every_answer_needs) {
    HttpsWorld world;
    RawClient client(world);
    const auto answer = client.ask(get("/hello"));
    BOOST_TEST(answer.status == 200U);
    BOOST_TEST(answer.body == "hello");
    BOOST_TEST(answer.field("Content-Length") == "5");
    BOOST_TEST(answer.field("Server") == "two-path");
    BOOST_TEST(answer.field("Cache-Control") == "no-store");
    BOOST_TEST(!answer.field("Date").empty());
    BOOST_TEST(!answer.field("X-MEN-RequestID").empty());
    BOOST_TEST(answer.field("Connection").empty());
}

BOOST_AUTO_TEST_CASE(one_connection_serves_request_after_request) {
    HttpsWorld world;
    RawClient client(world);
    for (int i = 0; i < 3; ++i)
        BOOST_TEST(client.ask(get("/hello")).body == "hello");
    BOOST_TEST(client.ask(get("/empty")).status == 204U);
    BOOST_TEST(client.ask("HEAD /hello HTTP/1.1\r\nHost: a\r\n\r\n").field("Content-Length") == "5");
    BOOST_TEST(client.ask(get("/flood")).body.size() == std::size_t{1} << 20U);
    BOOST_TEST(client.ask(get("/hello")).body == "hello");
    BOOST_TEST(world.connections() == 1U);
}

BOOST_AUTO_TEST_CASE(pipelined_requests_are_answered_in_their_order) {
    HttpsWorld world;
    RawClient client(world);
    client.send(get("/hello") + post("/echo", "Content-Length: 3\r\n") + "one" +
                post("/echo", "Transfer-Encoding: chunked\r\n") + "3\r\ntwo\r\n0\r\n\r\n" + get("/hello"));
    for (const char* expected : {"hello", "one", "two", "hello"})
        BOOST_TEST(client.receive().body == expected);
}

BOOST_AUTO_TEST_CASE(connection_ends_when_the_client_asks_for_it) {
    HttpsWorld world;
    RawClient client(world);
    const auto answer = client.ask("GET /hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    BOOST_TEST(answer.field("Connection") == "close");
    BOOST_TEST(client.is_closed());
    RawClient old(world);
    BOOST_TEST(old.ask("GET /hello HTTP/1.0\r\n\r\n").field("Connection") == "close");
    BOOST_TEST(old.is_closed());
}

BOOST_AUTO_TEST_CASE(chunked_bodies_arrive_decoded_however_they_are_cut) {
    HttpsWorld world;
    RawClient client(world);
    client.send(post("/echo", "Transfer-Encoding: chunked\r\n"));
    for (const char* piece :
         {"4\r\nab", "cd\r\n", "0000", "A;extension=1\r\n0123456789\r\n0", "\r\nTrailer: x\r\n\r\n"})
        client.send(piece);
    BOOST_TEST(client.receive().body == "abcd0123456789");
    BOOST_TEST(client.ask(get("/hello")).body == "hello");
}

BOOST_AUTO_TEST_CASE(broken_chunks_end_the_request_with_400) {
    HttpsWorld world;
    RawClient client(world);
    const auto answer = client.ask(post("/echo", "Transfer-Encoding: chunked\r\n") + "xyz\r\n");
    BOOST_TEST(answer.status == 400U);
    BOOST_TEST(world.echo_outcome() == "bad_request");
    BOOST_TEST(client.is_closed());
}

BOOST_AUTO_TEST_CASE(a_body_over_the_endpoints_bound_is_413_and_the_connection_ends) {
    HttpsWorld world;
    RawClient client(world);
    const std::string body(200'000, 'x');
    const auto answer = client.ask(post("/echo", "Content-Length: 200000\r\n") + body);
    BOOST_TEST(answer.status == 413U);
    BOOST_TEST(answer.body.find("\"reason\":\"too_large\"") != std::string::npos);
    BOOST_TEST(answer.field("Connection") == "close");
    BOOST_TEST(client.is_closed());
}

BOOST_AUTO_TEST_CASE(a_small_unread_body_does_not_end_the_connection) {
    HttpsWorld world;
    RawClient client(world);
    BOOST_TEST(client.ask(post("/ignore", "Content-Length: 60000\r\n") + std::string(60'000, 'x')).body ==
               "ignored");
    BOOST_TEST(client.ask(post("/ignore", "Transfer-Encoding: chunked\r\n") + "3\r\nabc\r\n0\r\n\r\n").body ==
               "ignored");
    BOOST_TEST(client.ask(get("/hello")).body == "hello");
}

BOOST_AUTO_TEST_CASE(a_client_that_expects_it_is_told_to_continue_only_when_its_body_is_wanted) {
    HttpsWorld world;
    RawClient client(world);
    const std::string_view fields = "Content-Length: 3\r\nExpect: 100-continue\r\n";
    BOOST_TEST(client.ask(post("/echo", fields)).status == 100U);
    BOOST_TEST(client.ask("abc").body == "abc");
    const auto unread = client.ask(post("/ignore", fields));
    BOOST_TEST(unread.body == "ignored");
    BOOST_TEST(unread.field("Connection") == "close");
}

BOOST_DATA_TEST_CASE(malformed_requests_are_refused_and_end_the_connection, data::make(malformed), row) {
    HttpsWorld world;
    RawClient client(world);
    const auto answer = client.ask(row.text);
    BOOST_TEST(answer.status == row.status);
    BOOST_TEST(answer.body.find("\"request_id\"") != std::string::npos);
    BOOST_TEST(client.is_closed());
    BOOST_TEST(RawClient(world).ask(get("/hello")).body == "hello");
}

BOOST_AUTO_TEST_CASE(a_header_over_16_kib_is_431) {
    HttpsWorld world;
    RawClient client(world);
    const auto answer =
        client.ask("GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(17'000, 'x') + "\r\n\r\n");
    BOOST_TEST(answer.status == 431U);
    BOOST_TEST(client.is_closed());
    RawClient below(world);
    BOOST_TEST(
        below.ask("GET /hello HTTP/1.1\r\nHost: a\r\nX: " + std::string(15'000, 'x') + "\r\n\r\n").status ==
        200U);
}

BOOST_AUTO_TEST_CASE(unknown_paths_and_methods_are_404_and_405) {
    HttpsWorld world;
    RawClient client(world);
    const auto unknown = client.ask(get("/nothing"));
    BOOST_TEST(unknown.status == 404U);
    BOOST_TEST(unknown.body.find("\"reason\":\"not_found\"") != std::string::npos);
    const auto refused = client.ask("DELETE /hello HTTP/1.1\r\nHost: a\r\n\r\n");
    BOOST_TEST(refused.status == 405U);
    BOOST_TEST(refused.field("Allow") == "GET, HEAD");
}

BOOST_AUTO_TEST_CASE(an_endpoints_exception_is_500_and_its_words_go_to_the_log_only) {
    CaughtLog log;
    HttpsWorld world;
    RawClient client(world);
    const auto answer = client.ask(get("/throw"));
    BOOST_TEST(answer.status == 500U);
    BOOST_TEST(answer.body.find("fire") == std::string::npos);
    const auto id = answer.field("X-MEN-RequestID");
    BOOST_TEST(answer.body.find(id) != std::string::npos);
    const auto line = log.line_with("the disk is on fire");
    BOOST_TEST(line.find(id) != std::string::npos);
    BOOST_TEST(client.ask(get("/hello")).body == "hello");
}

BOOST_AUTO_TEST_CASE(one_log_line_per_request_without_query_and_token) {
    CaughtLog log;
    HttpsWorld world;
    RawClient client(world);
    const auto answer =
        client.ask("GET /hello?signature=SECRET1 HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer "
                   "SECRET2\r\nX-MEN-RequestID: from-the-gateway\r\n\r\n");
    BOOST_TEST(answer.field("X-MEN-RequestID") == "from-the-gateway");
    const auto line = log.line_with("/hello");
    BOOST_TEST(line.find("GET /hello 200 ") != std::string::npos);
    BOOST_TEST(line.ends_with(" ms from-the-gateway"));
    BOOST_TEST(log.all().find("SECRET") == std::string::npos);
    BOOST_TEST(log.all().find("\n") == log.all().size() - 1);
}

BOOST_AUTO_TEST_CASE(files_are_sent_whole_and_by_range) {
    HttpsWorld world;
    RawClient client(world);
    const auto whole = client.ask(get("/file"));
    BOOST_TEST(whole.status == 200U);
    BOOST_TEST((whole.body == world.file_content));
    BOOST_TEST(whole.field("Accept-Ranges") == "bytes");
    const auto part = client.ask(
        "GET /file HTTP/1.1\r\nHost: a\r\nRange: bytes=300000-1000000\r\nIf-Range: \"tag\"\r\n\r\n");
    BOOST_TEST(part.status == 206U);
    BOOST_TEST(part.field("Content-Range") == "bytes 300000-1000000/1048576");
    BOOST_TEST((part.body == world.file_content.substr(300'000, 700'001)));
    BOOST_TEST(client.ask("GET /file HTTP/1.1\r\nHost: a\r\nRange: bytes=-5\r\n\r\n").body ==
               world.file_content.substr(world.file_content.size() - 5));
    const auto beyond = client.ask("GET /file HTTP/1.1\r\nHost: a\r\nRange: bytes=1048576-\r\n\r\n");
    BOOST_TEST(beyond.status == 416U);
    BOOST_TEST(beyond.field("Content-Range") == "bytes */1048576");
    BOOST_TEST(client.ask("HEAD /file HTTP/1.1\r\nHost: a\r\n\r\n").field("Content-Length") == "1048576");
    BOOST_TEST(client.ask(get("/hello")).body == "hello");
}

BOOST_AUTO_TEST_CASE(a_file_that_is_sent_does_not_need_the_thread_of_the_state) {
    HttpsWorld world;
    RawClient client(world);
    BOOST_TEST((client.ask(get("/held-file")).body == world.file_content));
    world.let_worker_go();
    BOOST_TEST(client.ask(get("/hello")).body == "hello");
}

BOOST_AUTO_TEST_CASE(a_file_that_shrinks_while_it_is_sent_cuts_the_connection) {
    CaughtLog log;
    HttpsWorld world;
    RawClient client(world);
    client.send(get("/shrunk"));
    BOOST_CHECK_THROW(client.receive(), std::runtime_error);
    BOOST_TEST(!log.line_with("it has become shorter").empty());
    BOOST_TEST(!log.line_with("(cut off)").empty());
    BOOST_TEST(RawClient(world).ask(get("/hello")).body == "hello");
}

BOOST_AUTO_TEST_CASE(tls_below_1_2_is_refused_by_the_server) {
    HttpsWorld world;
    for (const int version : {TLS1_VERSION, TLS1_1_VERSION}) {
        const auto by_the_server = [](const std::runtime_error& error) {
            return std::string(error.what()).find("alert protocol version") != std::string::npos;
        };
        BOOST_CHECK_EXCEPTION(RawClient(world, version), std::runtime_error, by_the_server);
    }
    BOOST_TEST(RawClient(world, TLS1_2_VERSION).ask(get("/hello")).body == "hello");
    BOOST_TEST(RawClient(world, TLS1_3_VERSION).ask(get("/hello")).body == "hello");
}

BOOST_AUTO_TEST_CASE(what_does_not_speak_tls_gets_nothing) {
    HttpsWorld world;
    PlainClient client(world.port());
    client.send(get("/hello"));
    BOOST_TEST(client.receive_all().find("hello") == std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(https_server_limits)

BOOST_AUTO_TEST_CASE(a_handshake_that_never_ends_is_cut) {
    HttpsWorld world(with([](auto& options) { options.stream.handshake_time = milliseconds(100); }));
    PlainClient client(world.port());
    BOOST_TEST(client.receive_all().empty());
}

BOOST_AUTO_TEST_CASE(a_slow_header_is_cut_even_when_bytes_trickle) {
    HttpsWorld world(with([](auto& options) { options.stream.header_time = milliseconds(200); }));
    RawClient client(world);
    client.send("GET /hel");
    client.send("lo HTTP/1.1\r\nHo");
    BOOST_TEST(client.is_closed());
    BOOST_TEST(world.settles_at(0));
}

BOOST_AUTO_TEST_CASE(an_idle_connection_is_closed) {
    HttpsWorld world(with([](auto& options) { options.stream.idle_time = milliseconds(100); }));
    RawClient fresh(world);
    BOOST_TEST(fresh.is_closed());
    RawClient used(world);
    BOOST_TEST(used.ask(get("/hello")).body == "hello");
    BOOST_TEST(used.is_closed());
}

BOOST_AUTO_TEST_CASE(a_body_that_stalls_fails_its_endpoint) {
    HttpsWorld world(with([](auto& options) { options.stream.body_time = milliseconds(100); }));
    RawClient client(world);
    client.send(post("/echo", "Content-Length: 10\r\n") + "abc");
    BOOST_TEST(world.echo_outcome() == "unavailable");
    BOOST_TEST(world.settles_at(0));
}

BOOST_AUTO_TEST_CASE(a_body_that_trickles_is_cut) {
    HttpsWorld world(with([](auto& options) {
        options.stream.body_time = milliseconds(200);
        options.stream.min_body_rate = 1'000'000'000; // so that any client trickles
    }));
    RawClient client(world);
    client.send(post("/count", "Transfer-Encoding: chunked\r\n"));
    const auto trickle = [&] {
        for (int i = 0; i < 1'000'000; ++i)
            client.send("1\r\nx\r\n");
    };
    BOOST_CHECK_THROW(trickle(), std::runtime_error);
    BOOST_TEST(world.settles_at(0));
}

BOOST_AUTO_TEST_CASE(a_body_that_breaks_off_fails_its_endpoint) {
    HttpsWorld world;
    {
        RawClient client(world);
        client.send(post("/echo", "Transfer-Encoding: chunked\r\n") + "5\r\nab");
    }
    BOOST_TEST(world.echo_outcome() == "unavailable");
}

BOOST_AUTO_TEST_CASE(a_client_that_takes_nothing_is_cut) {
    CaughtLog log;
    HttpsWorld world(with([](auto& options) { options.stream.write_time = milliseconds(100); }));
    RawClient client(world);
    for (int i = 0; i < 40; ++i) // more than the kernel's buffers hold
        client.send(get("/flood"));
    BOOST_TEST(log.line_with("(cut off)").find("GET /flood 200") != std::string::npos);
    BOOST_TEST(world.settles_at(0));
}

BOOST_AUTO_TEST_CASE(the_device_api_answers_in_time_or_says_try_again) {
    HttpsWorld world(with([](auto& options) { options.device_answer_time = milliseconds(100); }));
    RawClient client(world);
    const auto answer = client.ask(get("/api/devices/v1/two-path/gate"));
    BOOST_TEST(answer.status == 503U);
    BOOST_TEST(!answer.field("Retry-After").empty());
    BOOST_TEST(answer.body.find("\"reason\":\"unavailable\"") != std::string::npos);
    BOOST_TEST(client.is_closed());
    world.gate.open();
    BOOST_TEST(RawClient(world).ask(get("/hello")).body == "hello");
}

BOOST_AUTO_TEST_CASE(other_paths_may_take_longer_than_the_device_api) {
    HttpsWorld world(with([](auto& options) { options.device_answer_time = milliseconds(1); }));
    RawClient client(world);
    client.send(get("/gate"));
    BOOST_TEST(world.gate.reached());
    RawClient device(world); // its own limit passes meanwhile
    BOOST_TEST(device.ask(post("/api/devices/v1/two-path/echo", "Content-Length: 1\r\n")).status == 503U);
    world.gate.open();
    BOOST_TEST(client.receive().body == "passed");
}

BOOST_AUTO_TEST_CASE(an_endpoint_given_up_while_it_reads_gets_no_more_of_the_body) {
    HttpsWorld world(with([](auto& options) { options.device_answer_time = milliseconds(100); }));
    RawClient client(world);
    const auto answer = client.ask(post("/api/devices/v1/two-path/echo", "Content-Length: 10\r\n") + "abc");
    BOOST_TEST(answer.status == 503U);
    BOOST_TEST(client.is_closed());
    BOOST_TEST(world.echo_outcome() == "unavailable");
}

BOOST_AUTO_TEST_CASE(one_address_cannot_take_all_connections) {
    HttpsWorld world(with([](auto& options) { options.connections.per_address = 2; }));
    auto first = std::make_unique<RawClient>(world);
    RawClient second(world);
    BOOST_CHECK_THROW(RawClient{world}, std::runtime_error);
    BOOST_TEST(second.ask(get("/hello")).body == "hello");
    first.reset();
    BOOST_TEST(world.settles_at(1));
    BOOST_TEST(RawClient(world).ask(get("/hello")).body == "hello");
}

BOOST_AUTO_TEST_CASE(there_is_a_bound_on_connections_in_all) {
    HttpsWorld world(with([](auto& options) { options.connections.in_all = 1; }));
    RawClient first(world);
    BOOST_CHECK_THROW(RawClient{world}, std::runtime_error);
    BOOST_TEST(first.ask(get("/hello")).body == "hello");
}

BOOST_AUTO_TEST_CASE(accepting_goes_on_after_running_out_of_descriptors) {
    CaughtLog log;
    HttpsWorld world;
    rlimit usual{};
    BOOST_TEST_REQUIRE(::getrlimit(RLIMIT_NOFILE, &usual) == 0);
    // The client's own descriptor is the last that there is.
    const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int lowest_free = ::fcntl(0, F_DUPFD_CLOEXEC, 0);
    ::close(lowest_free);
    auto none_left = usual;
    none_left.rlim_cur = static_cast<rlim_t>(lowest_free);
    BOOST_TEST_REQUIRE(::setrlimit(RLIMIT_NOFILE, &none_left) == 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(world.port());
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int connected = ::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address);
    const auto line = connected == 0 ? log.line_with("cannot accept connections") : "";
    ::setrlimit(RLIMIT_NOFILE, &usual);
    BOOST_TEST(connected == 0);
    BOOST_TEST(!line.empty());
    BOOST_TEST(RawClient(world).ask(get("/hello")).body == "hello");
    ::close(socket);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(https_server_stop)

BOOST_AUTO_TEST_CASE(a_request_under_way_gets_its_answer_and_nothing_new_begins) {
    HttpsWorld world;
    RawClient idle(world);
    RawClient busy(world);
    BOOST_TEST(idle.ask(get("/hello")).body == "hello");
    busy.send(get("/gate"));
    BOOST_TEST(world.gate.reached());
    auto stopped = world.stop(patience);
    BOOST_TEST(idle.is_closed());
    BOOST_CHECK_THROW(RawClient{world}, std::exception);
    BOOST_CHECK(stopped.wait_for(milliseconds(0)) == std::future_status::timeout);
    world.gate.open();
    const auto answer = busy.receive();
    BOOST_TEST(answer.body == "passed");
    BOOST_TEST(answer.field("Connection") == "close");
    BOOST_TEST(busy.is_closed());
    BOOST_CHECK(stopped.wait_for(patience) == std::future_status::ready);
    BOOST_TEST(world.connections() == 0U);
}

BOOST_AUTO_TEST_CASE(what_outlasts_the_grace_is_cut) {
    HttpsWorld world;
    RawClient busy(world);
    RawClient uploading(world);
    busy.send(get("/gate"));
    uploading.send(post("/echo", "Content-Length: 10\r\n") + "abc");
    BOOST_TEST(world.gate.reached());
    BOOST_TEST(world.echo_began());
    auto stopped = world.stop(milliseconds(100));
    BOOST_TEST(busy.is_closed());
    BOOST_TEST(uploading.is_closed());
    BOOST_CHECK(stopped.wait_for(patience) == std::future_status::ready);
    BOOST_TEST(world.echo_outcome() == "unavailable");
    BOOST_TEST(world.connections() == 0U);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace two_path::tests
