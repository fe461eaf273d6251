#include "tests/support/temporary_folder.hpp"
#include "tests/unit/update-module/transport/http_site.hpp"
#include "update-module/control/server_url.hpp"
#include "update-module/control/session.hpp"
#include "update-module/control/token_command.hpp"
#include "update-module/process.hpp"

#include <boost/json/serialize.hpp>
#include <boost/test/unit_test.hpp>

using namespace two_path;
using control::Access;
using tests::http_answer;
using tests::HttpSite;
using tests::refusal;

namespace {

/// Hands out tokens as they come; counts who asks for what.
class ScriptedTokens : public control::TokenSource {
  public:
    explicit ScriptedTokens(std::string url)
      : url_(std::move(url)) {}
    Result<Access> current(Deadline deadline) override {
        if (++asked > in_time) {
            for (device::Pause pause; pause(deadline, "a token");) {
            }
            return fail(Errc::no_token, "cut off");
        }
        if (missing > 0) {
            --missing;
            return fail(Errc::no_token, "not yet");
        }
        return access();
    }
    Result<Access> renewed(const Access& refused, Deadline) override {
        BOOST_TEST(refused.token == token);
        ++renewals;
        token += "+";
        return access();
    }
    Access access() const {
        Access access;
        access.token = token;
        access.url = url_;
        return access;
    }

    std::string token = "token-1";
    int asked{0};
    int renewals{0};
    int missing{0};
    int in_time{1000}; ///< after so many, one takes all the time there is

  private:
    std::string url_;
};

struct FirstPath {
    HttpSite site;
    ScriptedTokens tokens{site.url()};
    control::HttpsClient client;
    std::string id = make_nonce();
    std::vector<std::string> notes;
    control::Session session{tokens, client, id, [this](std::string_view line) { notes.emplace_back(line); }};

    static Deadline soon() { return Deadline::in(milliseconds(8'000)); }

    static messages::OpenRequest open_request() {
        messages::OpenRequest request;
        request.module_version = "1";
        request.formats = {1};
        request.attempt = make_nonce();
        request.release = "app-2";
        request.files = {std::string(64, 'a')};
        request.digests = {DigestKind::sha256};
        request.version = "1";
        request.device_type = "box";
        request.boot_id = "boot";
        return request;
    }
    messages::OpenReply open_reply() const {
        messages::OpenReply reply;
        reply.session = id;
        reply.certification = Certification::make().text();
        reply.expires_in = 120;
        reply.host = "10.0.0.1";
        reply.port = 2121;
        return reply;
    }
};

template<class Outcome>
void check_error(const Outcome& outcome, Errc code) {
    BOOST_REQUIRE(!outcome);
    BOOST_TEST((outcome.error().code == code), outcome.error().message());
}

template<class Outcome>
void check_ok(const Outcome& outcome) {
    if (!outcome) BOOST_FAIL(outcome.error().message());
}

std::string text(const json::object& object) {
    return json::serialize(object);
}

const auto no_content = std::string("HTTP/1.1 204 No Content\r\n\r\n");

} // namespace

BOOST_FIXTURE_TEST_SUITE(session, FirstPath)

BOOST_AUTO_TEST_CASE(opens_and_remembers_its_id) {
    control::Session fresh(tokens, client);
    const auto scripted = open_reply();
    site.then(http_answer("201 Created", text(scripted.to_json())));
    const auto reply = fresh.open(open_request(), soon());
    check_ok(reply);
    BOOST_TEST(fresh.id() == id);
    BOOST_TEST(reply->certification.value() == scripted.certification.value());
    const auto requests = site.requests();
    BOOST_REQUIRE_EQUAL(requests.size(), 1U);
    BOOST_TEST(requests[0].starts_with("POST /api/devices/v1/two-path/sessions HTTP/1.1\r\n"));
    BOOST_TEST(requests[0].find("Authorization: Bearer token-1\r\n") != std::string::npos);
    BOOST_TEST(requests[0].find("Connection: close\r\n") != std::string::npos);
    BOOST_TEST(requests[0].find("Expect") == std::string::npos);
    const auto sent = messages::OpenRequest::parse(requests[0].substr(requests[0].find("\r\n\r\n") + 4));
    check_ok(sent);
}

BOOST_AUTO_TEST_CASE(each_step_has_its_request) {
    const auto path = "/api/devices/v1/two-path/sessions/" + id;
    const auto nonce = make_nonce();
    site.then(no_content);
    check_ok(session.stored(soon()));
    site.then(http_answer("200 OK", R"({"request":"invalidate"})"));
    check_ok(session.transferred({.digest = "sha256", .path = "ftp"}, soon()));
    site.then(no_content);
    check_ok(session.invalidated(soon()));
    site.then(no_content);
    check_ok(session.progress({SessionStep::installed}, soon()));
    site.then(http_answer("200 OK", R"({"request":"version","nonce":")" + nonce + "\"}"));
    const auto asked = session.start({"boot-2"}, soon());
    check_ok(asked);
    BOOST_TEST(asked->nonce == nonce);
    site.then(http_answer("200 OK", R"({"verdict":"mismatch","expected":"2","reported":"1"})"));
    const auto verdict = session.version({"1", nonce, "boot-2"}, soon());
    check_ok(verdict);
    BOOST_TEST(!verdict->confirmed);
    site.then(no_content);
    check_ok(session.failure({"Download", fail(Errc::tampered, "x")}, soon()));
    site.then(http_answer("200 OK", R"({"state":"aborted","reason":"aborted","expires_in":0})"));
    const auto status = session.status(soon());
    check_ok(status);
    BOOST_TEST((status->state == SessionState::aborted));

    const std::vector<std::string> lines{"PUT " + path + "/certification",    "PUT " + path + "/transfer",
                                         "DELETE " + path + "/certification", "PUT " + path + "/progress",
                                         "POST " + path + "/start",           "PUT " + path + "/version",
                                         "PUT " + path + "/failure",          "GET " + path};
    const auto requests = site.requests();
    BOOST_REQUIRE_EQUAL(requests.size(), lines.size());
    for (std::size_t i = 0; i < lines.size(); ++i)
        BOOST_TEST(requests[i].starts_with(lines[i] + " HTTP/1.1\r\n"), requests[i]);
    BOOST_TEST(tokens.asked == static_cast<int>(lines.size())); // asked before each exchange
}

BOOST_AUTO_TEST_CASE(a_401_fetches_a_new_token_once) {
    site.then(http_answer("401 Unauthorized", "invalid JWT\n", "Content-Type: text/plain\r\n"));
    site.then(no_content);
    check_ok(session.stored(soon()));
    BOOST_TEST(tokens.renewals == 1);
    BOOST_TEST(site.requests().at(1).find("Bearer token-1+\r\n") != std::string::npos);

    site.then(refusal("401 Unauthorized", "unauthorized"));
    site.then(refusal("401 Unauthorized", "unauthorized"));
    check_error(session.stored(soon()), Errc::unauthorized);
    BOOST_TEST(tokens.renewals == 2);
    BOOST_TEST(site.requests().size() == 4U);
}

BOOST_AUTO_TEST_CASE(waits_for_a_deployment_that_is_not_shown_yet) {
    site.then(refusal("403 Forbidden", "not_deployed"));
    site.then(refusal("403 Forbidden", "not_deployed"));
    site.then(no_content);
    check_ok(session.stored(soon()));
    BOOST_TEST(site.requests().size() == 3U);
    BOOST_TEST(notes.size() == 1U);
}

BOOST_AUTO_TEST_CASE(any_other_refusal_comes_back_at_once_with_its_reason) {
    const std::vector<std::pair<std::string, Errc>> refusals{
        {"403 Forbidden", Errc::forbidden},   {"404 Not Found", Errc::not_found},
        {"409 Conflict", Errc::out_of_order}, {"409 Conflict", Errc::payload_missing},
        {"409 Conflict", Errc::superseded},   {"422 Unprocessable", Errc::unsupported},
        {"500 Failed", Errc::internal}};
    for (const auto& [status, code] : refusals) {
        site.then(refusal(status, std::string(info(code).reason)));
        const auto told = session.stored(soon());
        check_error(told, code);
        BOOST_TEST(told.error().detail == "said so");
    }
    BOOST_TEST(site.requests().size() == refusals.size());
}

BOOST_AUTO_TEST_CASE(waits_as_long_as_the_plugin_asks) {
    site.then(refusal("503 Unavailable", "unavailable", "Retry-After: 1\r\n"));
    site.then(refusal("429 Too Many", "busy", "Retry-After: 1\r\n"));
    site.then(no_content);
    const auto start = Deadline::Clock::now();
    check_ok(session.stored(soon()));
    BOOST_TEST((Deadline::Clock::now() - start >= std::chrono::seconds(2)));
    BOOST_TEST(notes.size() == 2U);
}

BOOST_AUTO_TEST_CASE(does_not_wait_beyond_its_deadline) {
    site.then(refusal("503 Unavailable", "unavailable", "Retry-After: 60\r\n"));
    const auto start = Deadline::Clock::now();
    check_error(session.stored(soon()), Errc::unavailable);
    BOOST_TEST((Deadline::Clock::now() - start < std::chrono::seconds(2)));
}

BOOST_AUTO_TEST_CASE(what_is_not_the_plugin_is_told_as_a_missing_route) {
    const std::vector<std::string> strangers{
        http_answer("404 Not Found", "404 page not found\n", "Content-Type: text/plain\r\n"),
        http_answer("404 Not Found", R"({"error":"not found","request_id":"x"})"),
        http_answer("200 OK", "<html>Log in</html>", "Content-Type: text/html\r\n"),
        http_answer("204 No Content", "<!doctype html>", "Content-Type: text/html\r\n"),
        http_answer("302 Found", "", "Location: https://portal.example/\r\n"),
        http_answer("400 Bad Request", "<html/>", "Content-Type: text/html; charset=utf-8\r\n"),
        "SSH-2.0-OpenSSH_9.2\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 70000\r\n\r\n" + std::string(70'000, ' '),
        "HTTP/1.1 200 OK\r\nX: " + std::string(20'000, 'x') + "\r\n\r\n",
    };
    for (const auto& stranger : strangers) {
        site.then(stranger);
        BOOST_TEST_CONTEXT(stranger.substr(0, 60)) {
            check_error(session.stored(soon()), Errc::no_route);
        }
    }
    site.then(http_answer("200 OK", R"({"hello":"world"})"));
    check_error(session.status(soon()), Errc::no_route);
}

BOOST_AUTO_TEST_CASE(an_open_without_what_it_must_carry_is_refused) {
    auto without = open_reply();
    without.certification.reset();
    auto invalid = open_reply();
    invalid.certification = "short";
    auto pushed = open_reply();
    pushed.mode = Mode::push;
    auto nowhere = open_reply();
    nowhere.host.clear();
    for (const auto& reply : {without, invalid, pushed, nowhere}) {
        site.then(http_answer("201 Created", text(reply.to_json())));
        BOOST_TEST(!session.open(open_request(), soon()));
    }
    BOOST_TEST(site.requests().size() == 4U);
}

BOOST_AUTO_TEST_CASE(no_connection_stays_open_for_4_seconds) {
    site.then(HttpSite::Answer([](const std::string&) { return std::string(); }));
    const auto start = Deadline::Clock::now();
    check_error(session.stored(Deadline::in(milliseconds(4'200))), Errc::plugin_unreachable);
    BOOST_TEST((Deadline::Clock::now() - start < std::chrono::milliseconds(4'800)));
    // Asked for again only so that the first connection's end is certainly recorded.
    site.then(no_content);
    check_ok(session.stored(soon()));
    BOOST_TEST(site.open_times().at(0) < 4'300);
    BOOST_TEST(site.open_times().at(0) > 3'000);
}

BOOST_AUTO_TEST_CASE(a_connection_that_breaks_is_tried_again) {
    site.then("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
    site.then(no_content);
    check_ok(session.stored(soon()));
    BOOST_TEST(site.requests().size() == 2U);
}

BOOST_AUTO_TEST_CASE(a_token_that_is_not_there_yet_is_waited_for) {
    tokens.missing = 2;
    site.then(no_content);
    check_ok(session.stored(soon()));
    BOOST_TEST(tokens.asked == 3);
    tokens.missing = 100;
    check_error(session.stored(Deadline::in(milliseconds(100))), Errc::no_token);
    BOOST_TEST(site.requests().size() == 1U);
}

BOOST_AUTO_TEST_CASE(a_token_that_the_end_of_the_time_cuts_off_is_not_the_reason) {
    tokens.in_time = 1;
    site.then(refusal("503 Unavailable", "unavailable"));
    check_error(session.stored(Deadline::in(milliseconds(1'000))), Errc::unavailable);
    BOOST_TEST(tokens.asked == 2);
}

BOOST_AUTO_TEST_CASE(nobody_listening_is_unreachable_until_the_deadline) {
    std::string url;
    {
        HttpSite gone;
        url = gone.url();
    }
    ScriptedTokens nowhere(url);
    control::Session lost(nowhere, client, id);
    const auto told = lost.stored(Deadline::in(milliseconds(1'700)));
    check_error(told, Errc::plugin_unreachable);
    BOOST_TEST(nowhere.asked >= 2);
}

BOOST_AUTO_TEST_CASE(a_token_that_would_break_the_header_is_not_sent) {
    tokens.token = "x\r\nX-Evil: 1";
    check_error(session.stored(Deadline::in(milliseconds(100))), Errc::no_token);
    BOOST_TEST(site.requests().empty());
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(https)

namespace {

struct SecureSite {
    tests::TemporaryFolder folder;
    Result<control::HttpReply> get(HttpSite& site, const std::string& ca_file) const {
        control::HttpsClient client(ca_file);
        return client.exchange(site.url(), "t", {"GET", "/x", {}}, Deadline::in(milliseconds(5'000)));
    }
};

} // namespace

BOOST_FIXTURE_TEST_CASE(trusts_the_configured_certificate_only, SecureSite) {
    const tests::TestCertificate certificate(folder.path().string());
    HttpSite site(&certificate);
    site.then(http_answer("200 OK", "{}"));
    const auto reply = get(site, certificate.certificate_file);
    check_ok(reply);
    BOOST_TEST(reply->status == 200U);
    BOOST_TEST(reply->body == "{}");
    check_error(get(site, {}), Errc::plugin_unreachable);
    BOOST_TEST(site.requests().size() == 1U);
}

BOOST_FIXTURE_TEST_CASE(refuses_a_certificate_of_another_host, SecureSite) {
    const tests::TestCertificate certificate(folder.path().string(), -60, "DNS:plugin.example");
    HttpSite site(&certificate);
    check_error(get(site, certificate.certificate_file), Errc::plugin_unreachable);
    BOOST_TEST(site.requests().empty());
}

BOOST_FIXTURE_TEST_CASE(names_the_clock_when_a_certificate_is_not_yet_valid, SecureSite) {
    const tests::TestCertificate certificate(folder.path().string(), 24 * 3600);
    HttpSite site(&certificate);
    const auto reply = get(site, certificate.certificate_file);
    check_error(reply, Errc::plugin_unreachable);
    BOOST_TEST(reply.error().detail.find("clock") != std::string::npos, reply.error().detail);
}

BOOST_FIXTURE_TEST_CASE(a_missing_ca_file_is_a_configuration_error, SecureSite) {
    control::HttpsClient client((folder / "none.pem").string());
    check_error(
        client.exchange("https://127.0.0.1:1", "t", {"GET", "/", {}}, Deadline::in(milliseconds(500))),
        Errc::bad_configuration);
}

BOOST_AUTO_TEST_CASE(reads_server_urls) {
    const auto good = control::ServerUrl::parse("https://plugin.example/prefix/").value();
    BOOST_TEST(good.host == "plugin.example");
    BOOST_TEST(good.port == 443);
    BOOST_TEST(good.prefix == "/prefix");
    BOOST_TEST(good.authority() == "plugin.example");
    const auto v6 = control::ServerUrl::parse("http://[::1]:8080").value();
    BOOST_TEST(!v6.secure);
    BOOST_TEST(v6.host == "::1");
    BOOST_TEST(v6.authority() == "[::1]:8080");
    BOOST_TEST(control::ServerUrl::parse("http://127.0.0.1:43123").value().port == 43123);
    for (const auto* bad : {"", "plugin.example", "ftp://x", "http://plugin.example", "http://10.0.0.1",
                            "https://", "https://:1", "https://x:0", "https://x:65536", "https://x:1x",
                            "https://u@x", "https://x?q", "https://x/#f", "https://[x]", "https://[::1",
                            "https://[::1]2", "https://a b", "https://x\r\nHost: y"})
        check_error(control::ServerUrl::parse(bad), Errc::bad_configuration);
}

BOOST_AUTO_TEST_CASE(an_unknown_host_is_told_in_time) {
    control::HttpsClient client;
    const auto start = Deadline::Clock::now();
    const auto reply =
        client.exchange("https://nowhere.invalid", "t", {"GET", "/", {}}, Deadline::in(milliseconds(1'000)));
    check_error(reply, Errc::plugin_unreachable);
    BOOST_TEST((Deadline::Clock::now() - start < std::chrono::seconds(3)));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(token_command)

BOOST_AUTO_TEST_CASE(the_first_line_is_the_token) {
    control::TokenCommand source("https://plugin.example", {"sh", "-c", "printf 'abc\\nnot this\\n'"});
    const auto access = source.current(Deadline::in(milliseconds(5'000))).value();
    BOOST_TEST(access.token == "abc");
    BOOST_TEST(access.url == "https://plugin.example");
    check_error(source.renewed(access, Deadline::in(milliseconds(5'000))), Errc::no_token);
}

BOOST_AUTO_TEST_CASE(a_command_that_fails_gives_no_token) {
    const std::vector<std::vector<std::string>> commands{
        {"sh", "-c", "echo abc; exit 3"},         {"sh", "-c", ":"},        {"/nonexistent/command"},
        {"sh", "-c", "head -c 100000 /dev/zero"}, {"sh", "-c", "sleep 60"},
    };
    for (const auto& command : commands) {
        control::TokenCommand source("https://plugin.example", command);
        const auto access = source.current(Deadline::in(milliseconds(1'000)));
        check_error(access, Errc::no_token);
        BOOST_TEST(access.error().detail.find("abc") == std::string::npos);
    }
}

BOOST_AUTO_TEST_SUITE_END()
