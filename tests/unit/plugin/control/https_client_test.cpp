/// The HTTPS client against a real server: what it sends, what it trusts, and what it makes of each failure.
#include "tests/unit/plugin/control/https_world.hpp"

#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <numeric>
#include <ostream>

namespace two_path::tests {
BOOST_AUTO_TEST_SUITE(https_client)

namespace {

namespace data = boost::unit_test::data;
using control::ClientRequest;
using control::ClientResponse;
using control::HttpsCommandClient;
using control::Origin;
using std::chrono::milliseconds;

ClientRequest request(std::string method, std::string target, std::string body = "") {
    ClientRequest made;
    made.method = std::move(method);
    made.target = std::move(target);
    made.body = std::move(body);
    return made;
}

struct Url {
    const char* text;
    const char* host; ///< none: refused
    std::uint16_t port;
    const char* written;
};
std::ostream& operator<<(std::ostream& out, const Url& url) {
    return out << url.text;
}
const Url urls[]{
    {"https://updates.example.com", "updates.example.com", 443, "updates.example.com"},
    {"https://updates.example.com/", "updates.example.com", 443, "updates.example.com"},
    {"https://192.0.2.1:8443", "192.0.2.1", 8443, "192.0.2.1:8443"},
    {"https://[2001:db8::1]", "2001:db8::1", 443, "[2001:db8::1]"},
    {"https://[2001:db8::1]:8443/", "2001:db8::1", 8443, "[2001:db8::1]:8443"},
    {"http://updates.example.com", nullptr, 0, nullptr},
    {"updates.example.com", nullptr, 0, nullptr},
    {"https://", nullptr, 0, nullptr},
    {"https://:8443", nullptr, 0, nullptr},
    {"https://host:0", nullptr, 0, nullptr},
    {"https://host:65536", nullptr, 0, nullptr},
    {"https://host:8443x", nullptr, 0, nullptr},
    {"https://host:", nullptr, 0, nullptr},
    {"https://host/path", nullptr, 0, nullptr},
    {"https://user@host", nullptr, 0, nullptr},
    {"https://2001:db8::1", nullptr, 0, nullptr},
    {"https://[2001:db8::1", nullptr, 0, nullptr},
    {"https://[host]", nullptr, 0, nullptr},
    {"https://[2001:db8::1]8443", nullptr, 0, nullptr},
};

struct Meaning {
    unsigned status;
    const char* type;
    const char* body;
    const char* reason; ///< none: a success
};
std::ostream& operator<<(std::ostream& out, const Meaning& row) {
    return out << row.status << ' ' << row.type << ' ' << row.body;
}
const Meaning meanings[]{
    {200, "application/json", "{}", nullptr},
    {204, "", "", nullptr},
    {409, "application/json", R"({"error":"e","reason":"payload_missing","request_id":"r"})",
     "payload_missing"},
    {404, "application/json", R"({"error":"e","reason":"not_found","request_id":"r"})", "not_found"},
    {404, "application/json", R"({"error":"no such device","request_id":"r"})", "not_found"},
    {404, "text/plain", "404 page not found", "no_route"},
    {404, "", "", "no_route"},
    {404, "text/html", "<html>", "no_route"},
    {200, "text/html; charset=utf-8", "<html>", "no_route"},
    {502, "text/html", "<html>", "no_route"},
    {401, "application/json", R"({"error":"unauthorized"})", "unauthorized"},
    {403, "", "", "forbidden"},
    {409, "application/json", R"({"error":"exists"})", "conflict"},
    {413, "", "", "too_large"},
    {422, "application/json", R"({"error":"bad"})", "bad_request"},
    {429, "", "", "busy"},
    {503, "text/plain", "", "unavailable"},
    {500, "", "", "internal"},
    {302, "", "", "internal"},
};

} // namespace

BOOST_DATA_TEST_CASE(urls_become_origins, data::make(urls), url) {
    const auto origin = Origin::parse(url.text);
    BOOST_TEST_REQUIRE(origin.has_value() == (url.host != nullptr));
    if (!origin) {
        BOOST_CHECK(origin.error().code == Errc::bad_request);
        return;
    }
    BOOST_TEST(origin->host == url.host);
    BOOST_TEST(origin->port == url.port);
    BOOST_TEST(origin->text() == url.written);
}

BOOST_DATA_TEST_CASE(answers_are_told_apart, data::make(meanings), row) {
    ClientResponse response;
    response.status = row.status;
    if (*row.type != '\0') response.headers["Content-Type"] = row.type;
    response.body = row.body;
    const auto meaning = control::success_of(response);
    BOOST_TEST_REQUIRE(meaning.has_value() == (row.reason == nullptr));
    if (!meaning) BOOST_TEST(info(meaning.error().code).reason == row.reason);
}

BOOST_AUTO_TEST_CASE(a_request_ends_at_its_deadline_whatever_it_waits_for) {
    const SilentPort silent; // TLS is waited for
    HttpsWorld world;        // an answer is
    auto options = world.client_options();
    for (const bool connects : {true, false}) {
        if (connects) options.origin.port = silent.number();
        HttpsCommandClient client(connects ? options : world.client_options());
        auto late = request("GET", "/gate");
        late.deadline = std::chrono::steady_clock::now() + milliseconds{200};
        const auto answer = client.run(late);
        BOOST_CHECK(answer.error().code == Errc::plugin_unreachable);
        BOOST_TEST(answer.error().detail.find("nothing in time") != std::string::npos, answer.error().detail);
        BOOST_TEST((std::chrono::steady_clock::now() - late.deadline < milliseconds{5'000}));
    }
    world.gate.open();
}

BOOST_AUTO_TEST_CASE(inside_a_closed_network_it_speaks_without_TLS_when_it_is_told_to) {
    boost::asio::io_context loop;
    boost::asio::ip::tcp::acceptor acceptor(
        loop, boost::asio::ip::tcp::endpoint(boost::asio::ip::address_v4::loopback(), 0));
    auto served = std::async(std::launch::async, [&] {
        auto socket = acceptor.accept();
        std::string head;
        boost::asio::read_until(socket, boost::asio::dynamic_buffer(head), "\r\n\r\n");
        boost::asio::write(
            socket, boost::asio::buffer(std::string("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")));
        return head;
    });
    control::HttpsClientOptions options;
    options.origin = {"127.0.0.1", acceptor.local_endpoint().port()};
    options.plain = true;
    BOOST_TEST(HttpsCommandClient(options).run(request("GET", "/x")).value().body == "ok");
    BOOST_TEST(served.get().find("GET /x HTTP/1.1\r\n") == 0U);
}

BOOST_AUTO_TEST_CASE(requests_share_a_connection) {
    HttpsWorld world;
    auto client = world.client();
    BOOST_TEST(client.run(request("GET", "/hello")).value().body == "hello");
    BOOST_TEST(client.run(request("POST", "/echo", "abc")).value().body == "abc");
    BOOST_TEST(client.run(request("POST", "/echo")).value().body.empty());
    const auto head = client.run(request("HEAD", "/hello")).value();
    BOOST_TEST(head.headers.at("content-length") == "5");
    BOOST_TEST(head.body.empty());
    BOOST_TEST(client.run(request("GET", "/empty")).value().status == 204U);
    BOOST_TEST(client.run(request("GET", "/throw")).value().status == 500U);
    BOOST_TEST(client.run(request("GET", "/hello")).value().body == "hello");
    BOOST_TEST(world.connections() == 1U);
}

BOOST_AUTO_TEST_CASE(a_pulled_body_is_sent_in_chunks_whatever_its_size) {
    HttpsWorld world;
    auto client = world.client();
    for (const std::size_t size :
         {std::size_t{0}, std::size_t{1}, std::size_t{64} * 1024, std::size_t{5'000'001}}) {
        std::size_t left = size;
        auto upload = request("POST", "/count");
        upload.source = [&](std::span<std::uint8_t> room) -> Result<std::size_t> {
            const auto count = std::min(left, room.size());
            std::fill_n(room.begin(), count, std::uint8_t{'x'});
            left -= count;
            return count;
        };
        BOOST_TEST(client.run(std::move(upload)).value().body == std::to_string(size));
    }
    BOOST_TEST(world.connections() == 1U);
}

BOOST_AUTO_TEST_CASE(a_pulled_bodys_failure_is_the_requests) {
    HttpsWorld world;
    auto client = world.client();
    auto upload = request("POST", "/echo");
    upload.source = [](std::span<std::uint8_t>) -> Result<std::size_t> {
        return fail(Errc::io_error, "the disk");
    };
    BOOST_CHECK(client.run(std::move(upload)).error() == fail(Errc::io_error, "the disk"));
    BOOST_TEST(world.echo_outcome() == "unavailable"); // no shorter body was taken for the whole
    BOOST_TEST(client.run(request("GET", "/hello")).value().body == "hello");
}

BOOST_AUTO_TEST_CASE(a_refusal_in_the_middle_of_an_upload_is_heard) {
    HttpsWorld world;
    auto client = world.client();
    auto upload = request("POST", "/echo"); // takes 64 KiB
    upload.source = [left = std::size_t{64}
                            << 20U](std::span<std::uint8_t> room) mutable -> Result<std::size_t> {
        const auto count = std::min(left, room.size());
        left -= count;
        return count;
    };
    const auto answer = client.run(std::move(upload));
    BOOST_TEST_REQUIRE(answer.has_value(), (answer ? "" : answer.error().detail));
    BOOST_TEST(answer->status == 413U);
}

BOOST_AUTO_TEST_CASE(a_sink_takes_the_body_and_may_refuse_it) {
    HttpsWorld world;
    auto client = world.client();
    std::string taken;
    auto download = request("GET", "/file");
    download.sink = [&](std::span<const std::uint8_t> bytes) -> Result<void> {
        taken.append(bytes.begin(), bytes.end());
        return {};
    };
    BOOST_TEST(client.run(download).value().body.empty());
    BOOST_TEST((taken == world.file_content));

    download.target = "/nothing"; // an error's body is for the caller, not for the file
    taken.clear();
    BOOST_TEST(client.run(download).value().body.find("not_found") != std::string::npos);
    BOOST_TEST(taken.empty());

    download.target = "/file";
    download.sink = [](std::span<const std::uint8_t>) -> Result<void> { return fail(Errc::no_room, "full"); };
    BOOST_CHECK(client.run(download).error() == fail(Errc::no_room, "full"));
    BOOST_TEST(client.run(request("GET", "/hello")).value().body == "hello");
}

BOOST_AUTO_TEST_CASE(an_answer_over_its_bound_is_refused) {
    HttpsWorld world;
    auto options = world.client_options();
    options.max_body = (std::size_t{1} << 20U) - 1;
    BOOST_CHECK(HttpsCommandClient(options).run(request("GET", "/flood")).error().code == Errc::too_large);
    options.max_body += 1;
    BOOST_TEST(HttpsCommandClient(options).run(request("GET", "/flood")).has_value());
}

BOOST_AUTO_TEST_CASE(a_certificate_for_another_host_is_refused) {
    HttpsWorld world;
    BOOST_TEST_REQUIRE(control::make_certificate({world.folder / "other.pem", world.folder / "other-key.pem"},
                                                 {"elsewhere.example"})
                           .has_value());
    auto options = world.client_options();
    options.origin.host = "localhost"; // where the server is, but not what its certificate says
    const auto by_name = HttpsCommandClient(options).run(request("GET", "/hello"));
    BOOST_TEST_REQUIRE(by_name.has_error());
    BOOST_CHECK(by_name.error().code == Errc::bad_configuration);
    BOOST_TEST(by_name.error().detail.find("hostname mismatch") != std::string::npos);

    options = world.client_options();
    options.ca_file = world.folder / "other.pem";
    const auto by_authority = HttpsCommandClient(options).run(request("GET", "/hello"));
    BOOST_TEST_REQUIRE(by_authority.has_error());
    BOOST_CHECK(by_authority.error().code == Errc::bad_configuration);
    BOOST_TEST(by_authority.error().detail.find("self-signed") != std::string::npos);

    options.ca_file = world.folder / "none.pem";
    const auto without = HttpsCommandClient(options).run(request("GET", "/hello"));
    BOOST_CHECK(without.error().code == Errc::bad_configuration);
    BOOST_TEST(without.error().detail.find("none.pem") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(an_address_is_checked_against_the_certificates_addresses) {
    HttpsWorld world; // names 127.0.0.1 and two-path.test
    auto other = world.certificate;
    BOOST_TEST(world.client().run(request("GET", "/hello")).has_value());
    BOOST_TEST(control::inspect_certificate(other.certificate, {"127.0.0.2"})->uncovered.size() == 1U);
    auto options = world.client_options();
    options.origin.host = "::ffff:127.0.0.1"; // reaches the server, and is not in its certificate
    const auto refused = HttpsCommandClient(options).run(request("GET", "/hello"));
    BOOST_TEST_REQUIRE(refused.has_error());
    BOOST_TEST(refused.error().detail.find("IP address mismatch") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(nobody_there_is_plugin_unreachable) {
    auto options = HttpsWorld().client_options(); // whose server has ended
    options.ca_file.clear();
    const auto refused = HttpsCommandClient(options).run(request("GET", "/hello"));
    BOOST_TEST_REQUIRE(refused.has_error());
    BOOST_CHECK(refused.error().code == Errc::plugin_unreachable);
    BOOST_TEST(refused.error().detail.find("refused") != std::string::npos);
    options.origin.host = "no-such-host.invalid";
    BOOST_CHECK(HttpsCommandClient(options).run(request("GET", "/")).error().code ==
                Errc::plugin_unreachable);
}

BOOST_AUTO_TEST_CASE(silence_ends_at_each_deadline) {
    SilentPort silent;
    control::HttpsClientOptions options;
    options.origin = {"127.0.0.1", silent.number()};
    options.connect_time = milliseconds(300);
    const auto no_tls = HttpsCommandClient(options).run(request("GET", "/"));
    BOOST_CHECK(no_tls.error().code == Errc::plugin_unreachable);
    BOOST_TEST(no_tls.error().detail.find("no TLS") != std::string::npos);

    HttpsWorld world;
    options = world.client_options();
    options.answer_time = milliseconds(100);
    const auto no_answer = HttpsCommandClient(options).run(request("GET", "/gate"));
    BOOST_CHECK(no_answer.error().code == Errc::plugin_unreachable);
    BOOST_TEST(no_answer.error().detail.find("no answer") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_kept_connection_that_has_ended_is_replaced_unless_a_repeat_could_do_harm) {
    control::HttpsServerOptions server;
    server.stream.idle_time = milliseconds(50);
    HttpsWorld world(server);
    auto client = world.client();
    BOOST_TEST(client.run(request("GET", "/hello")).has_value());
    BOOST_TEST(world.settles_at(0));
    BOOST_TEST(client.run(request("GET", "/hello")).has_value());
    BOOST_TEST(world.settles_at(0));
    BOOST_CHECK(client.run(request("POST", "/echo", "a")).error().code == Errc::plugin_unreachable);
    BOOST_TEST(client.run(request("POST", "/echo", "a")).value().body == "a");
}

BOOST_AUTO_TEST_CASE(without_keep_alive_each_request_has_its_connection) {
    HttpsWorld world;
    auto options = world.client_options();
    options.keep_alive = false;
    HttpsCommandClient client(options);
    BOOST_TEST(client.run(request("GET", "/hello")).has_value());
    BOOST_TEST(world.settles_at(0));
}

BOOST_AUTO_TEST_CASE(headers_that_would_break_the_request_are_not_sent) {
    HttpsWorld world;
    auto client = world.client();
    auto bad = request("GET", "/hello");
    bad.headers["X"] = "a\r\nY: b";
    BOOST_CHECK(client.run(bad).error().code == Errc::bad_request);
    BOOST_CHECK(client.run(request("GET", "/a b")).error().code == Errc::bad_request);
}

BOOST_AUTO_TEST_CASE(a_page_is_a_missing_route) {
    HttpsWorld world;
    auto answer = world.client().run(request("GET", "/page"));
    BOOST_TEST_REQUIRE(answer.has_value());
    BOOST_CHECK(control::success_of(std::move(*answer)).error().code == Errc::no_route);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace two_path::tests
