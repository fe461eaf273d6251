#include "protocol/messages.hpp"
#include "protocol/service.hpp"

#include <boost/json/serialize.hpp>
#include <boost/test/unit_test.hpp>

namespace two_path::messages {
BOOST_AUTO_TEST_SUITE(messages)

namespace {

const std::string some_id(64, 'a');
const std::string a_nonce = "QEFCQ0RFRkdISUpLTE1OTw";

OpenRequest open_request() {
    OpenRequest request;
    request.module_version = "0.1.0";
    request.formats = {1};
    request.attempt = a_nonce;
    request.release = "app-2.0";
    request.files = {some_id};
    request.digests = {DigestKind::blake2b512, DigestKind::sha256};
    request.version = "1.0";
    request.device_type = "board";
    request.boot_id = "boot-1";
    return request;
}

/// What it prints, it reads, and prints the same again.
template<class Message>
void check_round_trip(const Message& message) {
    const auto printed = message.to_json();
    const auto parsed = Message::parse(json::serialize(printed));
    BOOST_REQUIRE_MESSAGE(parsed, json::serialize(printed));
    BOOST_TEST(parsed->to_json() == printed);
}

template<class Message>
void check_refused(const json::object& body, Errc code, std::string_view named) {
    const auto text = json::serialize(body);
    BOOST_TEST_CONTEXT(text) {
        const auto parsed = Message::parse(text);
        BOOST_REQUIRE(!parsed);
        BOOST_TEST((parsed.error().code == code), parsed.error().message());
        BOOST_TEST(parsed.error().detail.find(named) != std::string::npos, parsed.error().detail);
    }
}

/// Leaves out each field of `body` that is needed: the message must be refused by that name.
template<class Message>
void check_needs(const json::object& body, std::initializer_list<const char*> fields) {
    BOOST_REQUIRE(Message::parse(json::serialize(body)));
    for (const auto* field : fields) {
        auto lacking = body;
        lacking.erase(field);
        check_refused<Message>(lacking, Errc::bad_request, field);
        auto wrong = body;
        wrong[field] = json::array{json::object{}};
        check_refused<Message>(wrong, Errc::bad_request, field);
    }
}

} // namespace

BOOST_AUTO_TEST_CASE(every_message_survives_its_text) {
    check_round_trip(open_request());
    auto push = open_request();
    push.mode = Mode::push;
    push.issuer = Issuer::device;
    push.certification = std::string(43, 'A');
    push.receiver = Receiver{"2001:db8::1", 2121};
    check_round_trip(push);
    check_round_trip(OpenReply{1, a_nonce, std::string(43, 'A'), 120, Mode::pull, "ftp.example", 2121, {}});
    check_round_trip(OpenReply{1, a_nonce, {}, 120, Mode::push, "", 1, {"192.0.2.1"}});
    check_round_trip(TransferReport{1, 2, 3, 4.5, 0.25, "sha256", "ftp+https"});
    check_round_trip(Progress{SessionStep::installed, false});
    check_round_trip(Progress{SessionStep::rolled_back, false});
    check_round_trip(Progress{SessionStep::committed, true});
    check_round_trip(StartNotification{"boot-2"});
    check_round_trip(VersionRequest{a_nonce});
    check_round_trip(VersionReport{"2.0", a_nonce, "boot-2"});
    check_round_trip(VersionReport{"", a_nonce, "boot-2"});
    check_round_trip(Verdict{true, "2.0", "2.0"});
    check_round_trip(Verdict{false, "2.0", "1.0"});
    check_round_trip(FailureReport{"Download", {Errc::tampered, "block 3"}, 7});
    check_round_trip(SessionStatus{SessionState::failed, Errc::tampered, 0});
    check_round_trip(SessionStatus{SessionState::certified, {}, 119});
    check_round_trip(ServiceReply{{1, 2}, {Mode::pull, Mode::push}, "ftp.example", 2121, 1'800'000'000});
    check_round_trip(ServiceReply{{1}, {}, "::1", 65535, 0});
}

BOOST_AUTO_TEST_CASE(needed_fields_are_asked_for_by_name) {
    check_needs<OpenRequest>(open_request().to_json(), {"protocol", "module_version", "formats", "attempt",
                                                        "release", "files", "digests", "boot_id"});
    check_needs<OpenReply>(OpenReply{1, a_nonce, {}, 120, Mode::pull, "h", 1, {}}.to_json(),
                           {"protocol", "session", "expires_in", "mode"});
    check_needs<TransferReport>(TransferReport{1, 0, 0, 0, 0, "sha256", "ftp"}.to_json(),
                                {"bytes", "digest", "path"});
    check_needs<Progress>(Progress{}.to_json(), {"state"});
    check_needs<StartNotification>(StartNotification{"b"}.to_json(), {"boot_id"});
    check_needs<VersionRequest>(VersionRequest{a_nonce}.to_json(), {"request", "nonce"});
    check_needs<VersionReport>(VersionReport{"2.0", a_nonce, "b"}.to_json(), {"version", "nonce", "boot_id"});
    check_needs<Verdict>(Verdict{true, "a", "a"}.to_json(), {"verdict", "expected", "reported"});
    check_needs<FailureReport>(FailureReport{"Download", {}}.to_json(), {"stage", "reason"});
    check_needs<SessionStatus>(SessionStatus{}.to_json(), {"state"});
}

BOOST_AUTO_TEST_CASE(values_of_an_opening_that_are_not_known_are_refused_by_name) {
    const auto with = [](const char* name, const json::value& value) {
        auto body = open_request().to_json();
        body[name] = value;
        return body;
    };
    check_refused<OpenRequest>(with("protocol", 0), Errc::unsupported, "protocol 0");
    check_refused<OpenRequest>(with("issuer", "server"), Errc::unsupported, "issuer `server`");
    check_refused<OpenRequest>(with("mode", "sideways"), Errc::unsupported, "mode `sideways`");
    check_refused<OpenRequest>(with("digests", json::array{"md5"}), Errc::unsupported, "digests");
    check_refused<OpenRequest>(with("digests", json::array{}), Errc::unsupported, "digests");
    check_refused<OpenRequest>(with("attempt", "short"), Errc::bad_request, "attempt");
    check_refused<OpenRequest>(with("release", ""), Errc::bad_request, "release");
    check_refused<OpenRequest>(with("release", json::string(256, 'r')), Errc::bad_request, "release");
    check_refused<OpenRequest>(with("files", json::array{"../etc/passwd"}), Errc::bad_request, "files");
    check_refused<OpenRequest>(with("formats", json::array{-1}), Errc::bad_request, "formats");
    check_refused<OpenRequest>(with("boot_id", json::string(256, 'b')), Errc::bad_request, "boot_id");
    for (const auto port : {0, 65536, -1})
        check_refused<OpenRequest>(with("receiver", {{"host", "h"}, {"port", port}}), Errc::bad_request,
                                   "port");
    // Digests of a later release stand beside one that is known.
    const auto parsed = OpenRequest::parse(json::serialize(with("digests", json::array{"blake3", "sha256"})));
    BOOST_REQUIRE(parsed);
    BOOST_TEST((parsed->digests == std::vector<DigestKind>{DigestKind::sha256}));
}

BOOST_AUTO_TEST_CASE(a_device_of_the_next_release_is_answered_in_the_newest_protocol_that_both_speak) {
    auto body = open_request().to_json();
    body["protocol"] = protocol + 1;
    body["news"] = {{"of", "the next release"}};
    const auto parsed = OpenRequest::parse(json::serialize(body));
    BOOST_REQUIRE(parsed);
    BOOST_TEST(parsed->protocol == protocol);
}

/// Each message with a field that a later release may add.
template<class Message>
void check_ignores_news(const Message& message) {
    auto body = message.to_json();
    body["news"] = json::array{1, "two", json::object{{"three", 3}}};
    const auto parsed = Message::parse(json::serialize(body));
    BOOST_REQUIRE_MESSAGE(parsed, (parsed ? "" : parsed.error().message()));
    BOOST_TEST(json::serialize(parsed->to_json()) == json::serialize(message.to_json()));
}

BOOST_AUTO_TEST_CASE(what_a_later_release_adds_is_ignored) {
    check_ignores_news(open_request());
    check_ignores_news(OpenReply{1, a_nonce, {}, 120, Mode::pull, "h", 1, {}});
    check_ignores_news(TransferReport{1, 0, 0, 0, 0, "sha256", "ftp"});
    check_ignores_news(Progress{SessionStep::committed, true});
    check_ignores_news(StartNotification{"b"});
    check_ignores_news(VersionRequest{a_nonce});
    check_ignores_news(VersionReport{"2.0", a_nonce, "b"});
    check_ignores_news(Verdict{true, "a", "a"});
    check_ignores_news(FailureReport{"Download", {Errc::tampered, "block 3"}, 7});
    check_ignores_news(SessionStatus{SessionState::certified, {}, 119});
}

BOOST_AUTO_TEST_CASE(bounds_of_the_other_messages_hold) {
    check_refused<TransferReport>({{"bytes", -1}, {"digest", "sha256"}, {"path", "ftp"}}, Errc::bad_request,
                                  "bytes");
    check_refused<TransferReport>({{"bytes", 1.5}, {"digest", "sha256"}, {"path", "ftp"}}, Errc::bad_request,
                                  "bytes");
    check_refused<TransferReport>({{"bytes", 1}, {"digest", ""}, {"path", "ftp"}}, Errc::bad_request,
                                  "digest");
    for (const auto* state : {"confirmed", "failed", "opened", "restarted", ""})
        check_refused<Progress>({{"state", state}}, Errc::bad_request, "state");
    check_refused<VersionReport>({{"version", std::string(256, 'v')}, {"nonce", a_nonce}, {"boot_id", "b"}},
                                 Errc::bad_request, "version");
    check_refused<VersionReport>({{"version", "2"}, {"nonce", a_nonce + "A"}, {"boot_id", "b"}},
                                 Errc::bad_request, "nonce");
    check_refused<VersionRequest>({{"request", "reboot"}, {"nonce", a_nonce}}, Errc::bad_request, "request");
    check_refused<Verdict>({{"verdict", "maybe"}, {"expected", "a"}, {"reported", "b"}}, Errc::bad_request,
                           "verdict");
    check_refused<SessionStatus>({{"state", "dreaming"}}, Errc::bad_request, "state");
    check_refused<OpenReply>({{"protocol", 9}, {"session", a_nonce}, {"expires_in", 1}, {"mode", "pull"}},
                             Errc::unsupported, "protocol 9");
    check_refused<OpenReply>({{"protocol", 1}, {"session", "x"}, {"expires_in", 1}, {"mode", "pull"}},
                             Errc::bad_request, "session");
}

BOOST_AUTO_TEST_CASE(a_service_may_name_modes_of_later_releases) {
    const json::object told{
        {"protocols", {1}}, {"modes", {"pull", "carrier-pigeon"}}, {"host", "h"}, {"port", 21}, {"time", 1}};
    const auto reply = ServiceReply::parse(json::serialize(told));
    BOOST_REQUIRE(reply);
    BOOST_TEST((reply->modes == std::vector{Mode::pull}));
    for (const auto* field : {"protocols", "modes", "host", "port", "time"}) {
        auto lacking = told;
        lacking.erase(field);
        check_refused<ServiceReply>(lacking, Errc::bad_request, field);
    }
    auto wrong = told;
    wrong["port"] = 65536;
    check_refused<ServiceReply>(wrong, Errc::bad_request, "port");
    wrong = told;
    wrong["protocols"] = json::array{-1};
    check_refused<ServiceReply>(wrong, Errc::bad_request, "protocols");
}

BOOST_AUTO_TEST_CASE(what_is_no_object_is_refused) {
    for (const auto* text : {"", "[]", "1", "{", "{}x", "{\"boot_id\":\"b\",}", "\"\xff\""})
        BOOST_TEST(!StartNotification::parse(text), text);
}

BOOST_AUTO_TEST_CASE(a_failure_keeps_a_reason_that_only_a_newer_module_knows_and_bounds_its_detail) {
    const auto newer = FailureReport::parse(R"({"stage":"Download","reason":"moon_phase","detail":"full"})");
    BOOST_REQUIRE(newer);
    BOOST_TEST((newer->error.code == Errc::internal));
    BOOST_TEST(newer->error.detail == "moon_phase: full");
    const auto large = FailureReport::parse(json::serialize(
        json::object{{"stage", "s"}, {"reason", "tampered"}, {"detail", std::string(5000, 'd')}}));
    BOOST_REQUIRE(large);
    BOOST_TEST(large->error.detail.size() == 1024U);
}

BOOST_AUTO_TEST_CASE(an_error_body_is_mender_s_with_a_reason_and_nothing_else_is_one) {
    const ErrorBody body{fail(Errc::not_deployed, "app-1.0 is deployed"), "id-1"};
    const auto printed = body.to_json();
    BOOST_TEST(printed.at("reason") == "not_deployed");
    BOOST_TEST(printed.at("request_id") == "id-1");
    BOOST_TEST(std::string(printed.at("error").as_string()) == body.error.message());
    const auto parsed = ErrorBody::parse(json::serialize(printed));
    BOOST_REQUIRE(parsed);
    BOOST_TEST((parsed->error == body.error));
    BOOST_TEST(parsed->request_id == "id-1");
    // A gateway's page, Mender's own error, a reason nobody knows.
    for (const auto* text : {"<html>404</html>", R"({"error":"not found","request_id":"x"})",
                             R"({"reason":"moon_phase"})", R"({"reason":1})", ""})
        BOOST_TEST(!ErrorBody::parse(text).has_value(), text);
}

BOOST_AUTO_TEST_CASE(paths_are_the_protocol_s) {
    BOOST_TEST(sessions_path() == "/api/devices/v1/two-path/sessions");
    BOOST_TEST(session_path("id") == "/api/devices/v1/two-path/sessions/id");
    BOOST_TEST(session_path("id", "transfer") == "/api/devices/v1/two-path/sessions/id/transfer");
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace two_path::messages
