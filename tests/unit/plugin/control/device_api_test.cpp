#include "api_world.hpp"

#include "protocol/service.hpp"

namespace two_path::control {
BOOST_AUTO_TEST_SUITE(device_api)

namespace {

using tests::ApiWorld;
using tests::PluginWorld;
using tests::TextBody;

/// With a release deployed to device-1.
struct Deployed : ApiWorld {
    Descriptor descriptor;

    Deployed() {
        descriptor = describe("app-2.0", "2.0", "some bytes");
        publish(descriptor);
        deploy("device-1", descriptor, "deployment-1");
    }
    std::string open() {
        const auto answer = device("POST", "/sessions", request(descriptor).to_json());
        BOOST_REQUIRE_EQUAL(answer.status, 201U);
        return std::string(answer.body.at("session").get_string());
    }
    SessionState state(const std::string& session) { return store().session(session).value().state; }
};

struct Call {
    const char* method;
    const char* part;
    json::object body;
};

/// Every endpoint below `/sessions/{session}`, with a body that it takes.
std::vector<Call> calls() {
    return {{"GET", "", {}},
            {"PUT", "/certification", {{"stored", true}}},
            {"PUT", "/transfer", {{"bytes", 10}, {"digest", "sha256"}, {"path", "ftp"}}},
            {"DELETE", "/certification", {}},
            {"PUT", "/progress", {{"state", "installed"}}},
            {"POST", "/start", {{"boot_id", "boot-2"}}},
            {"PUT", "/version", {{"version", "2.0"}, {"nonce", make_nonce()}, {"boot_id", "boot-2"}}},
            {"PUT", "/failure", {{"stage", "Download"}, {"reason", "tampered"}, {"detail", "x"}}}};
}

} // namespace

BOOST_AUTO_TEST_CASE(one_update_as_the_protocol_s_table_has_it) {
    Deployed world;
    const auto opened = world.device("POST", "/sessions", PluginWorld::request(world.descriptor).to_json());
    BOOST_REQUIRE_EQUAL(opened.status, 201U);
    const auto reply = messages::OpenReply::parse(json::serialize(opened.body));
    BOOST_REQUIRE(reply);
    const auto session = "/sessions/" + reply->session;

    BOOST_TEST(world.device("PUT", session + "/certification", {{"stored", true}}).status == 204U);
    BOOST_REQUIRE(world.admission().login(reply->session, "192.0.2.9"));
    const auto transferred = world.device(
        "PUT", session + "/transfer", messages::TransferReport{10, 0, 0, 1, 1, "sha256", "ftp"}.to_json());
    BOOST_TEST(transferred.status == 200U);
    BOOST_TEST(transferred.body == (json::object{{"request", "invalidate"}}));
    BOOST_TEST(world.device("DELETE", session + "/certification").status == 204U);
    BOOST_TEST(world.device("PUT", session + "/progress", {{"state", "installed"}}).status == 204U);
    const auto started = world.device("POST", session + "/start", {{"boot_id", "boot-2"}});
    BOOST_TEST(started.status == 200U);
    BOOST_TEST(started.body.at("request") == "version");
    const auto verdict =
        world.device("PUT", session + "/version",
                     {{"version", "2.0"}, {"nonce", started.body.at("nonce")}, {"boot_id", "boot-2"}});
    BOOST_TEST(verdict.status == 200U);
    BOOST_TEST(verdict.body ==
               (json::object{{"verdict", "confirmed"}, {"expected", "2.0"}, {"reported", "2.0"}}));
    BOOST_TEST(world.device("PUT", session + "/progress", {{"state", "committed"}}).status == 204U);
    const auto status = world.device("GET", session);
    BOOST_TEST(status.status == 200U);
    BOOST_TEST(status.body == (json::object{{"state", "committed"}, {"expires_in", 0}}));
}

BOOST_AUTO_TEST_CASE(who_is_nobody_is_refused_before_the_body_is_read) {
    Deployed world;
    const auto session = world.open();
    auto all = calls();
    for (const auto* token : {"", "unknown", "token-op"}) {
        for (const auto& call : all) {
            TextBody body(json::serialize(call.body));
            const auto answer =
                world.ask(token, call.method, messages::session_path(session) + call.part, body);
            BOOST_TEST(answer.status == 401U, call.method << call.part);
            BOOST_TEST(answer.reason() == "unauthorized");
            BOOST_TEST(!body.was_read);
        }
        TextBody body("{}");
        BOOST_TEST(world.ask(token, "POST", messages::sessions_path(), body).status == 401U);
        BOOST_TEST(!body.was_read);
    }
    BOOST_TEST((world.state(session) == SessionState::opened));
}

BOOST_AUTO_TEST_CASE(another_device_s_session_is_not_found) {
    Deployed world;
    const auto session = world.open();
    for (const auto& call : calls()) {
        const auto answer = world.ask("token-2", call.method, messages::session_path(session) + call.part,
                                      json::serialize(call.body));
        BOOST_TEST(answer.status == 404U, call.method << call.part);
        BOOST_TEST(answer.reason() == "not_found");
    }
    BOOST_TEST((world.state(session) == SessionState::opened));
}

BOOST_AUTO_TEST_CASE(bad_bodies_are_named_and_change_nothing) {
    Deployed world;
    const auto session = world.open();
    struct {
        const char* method;
        const char* part;
        const char* body;
        const char* named;
    } const cases[] = {
        {"PUT", "/certification", "", "not JSON"},
        {"PUT", "/certification", "[]", "not a JSON object"},
        {"PUT", "/certification", "{}", "`stored`"},
        {"PUT", "/certification", R"({"stored":false})", "`stored`"},
        {"PUT", "/certification", R"({"stored":"true"})", "`stored`"},
        {"PUT", "/transfer", R"({"bytes":-1,"digest":"sha256","path":"ftp"})", "`bytes`"},
        {"PUT", "/transfer", R"({"bytes":10,"path":"ftp"})", "`digest`"},
        {"PUT", "/progress", R"({"state":"confirmed"})", "`state`"},
        {"POST", "/start", R"({"boot_id":""})", "`boot_id`"},
        {"PUT", "/version", R"({"version":"2.0","nonce":"short","boot_id":"b"})", "`nonce`"},
        {"PUT", "/failure", R"({"reason":"tampered"})", "`stage`"},
        {"PUT", "/failure", "{\"stage\":\"x\"", "not JSON"},
    };
    for (const auto& one : cases) {
        BOOST_TEST_CONTEXT(one.method << one.part << " " << one.body) {
            const auto answer =
                world.ask("token-1", one.method, messages::session_path(session) + one.part, one.body);
            BOOST_TEST(answer.status == 400U);
            BOOST_TEST(answer.reason() == "bad_request");
            BOOST_TEST(std::string(answer.body.at("detail").get_string()).find(one.named) !=
                           std::string::npos,
                       answer.body);
            BOOST_TEST(answer.body.at("request_id") == "request-1");
        }
    }
    BOOST_TEST((world.state(session) == SessionState::opened));
    BOOST_TEST(world.store().events(session).size() == 1U);
}

BOOST_AUTO_TEST_CASE(a_device_without_a_session_is_told_what_is_served_and_where) {
    ApiWorld world;
    const auto answer = world.device("GET", "/service");
    BOOST_REQUIRE_EQUAL(answer.status, 200U);
    const auto told = messages::ServiceReply::parse(json::serialize(answer.body));
    BOOST_REQUIRE(told);
    BOOST_TEST(told->host == "ftp.example");
    BOOST_TEST(told->port == 2121U);
    BOOST_TEST((told->modes == std::vector{Mode::pull}));
    BOOST_TEST((told->protocols == std::vector{messages::protocol}));
    BOOST_TEST(told->time == static_cast<std::uint64_t>(world.time.clock().unix_time() / 1000));
    BOOST_TEST(world.store().sessions({}).empty());
    for (const auto* token : {"", "junk", "token-op"})
        BOOST_TEST(world.ask(token, "GET", messages::service_path()).status == 401U, token);
}

BOOST_AUTO_TEST_CASE(bodies_have_a_bound) {
    Deployed world;
    const auto session = world.open();
    const std::string large(messages::max_body + 1, ' ');
    const auto answer = world.ask("token-1", "PUT", messages::session_path(session, "certification"), large);
    BOOST_TEST(answer.status == 413U);
    BOOST_TEST(answer.reason() == "too_large");
    BOOST_TEST(world.ask("token-1", "POST", messages::sessions_path(), large).status == 413U);
}

BOOST_AUTO_TEST_CASE(what_is_not_served_is_refused_by_name) {
    Deployed world;
    auto asked = PluginWorld::request(world.descriptor).to_json();
    asked["protocol"] = 0;
    const auto older = world.device("POST", "/sessions", asked);
    BOOST_TEST(older.status == 422U);
    BOOST_TEST(older.body.at("detail") == "protocol 0");
}

BOOST_AUTO_TEST_CASE(a_refusal_has_the_status_and_the_reason_of_its_row) {
    Deployed world;
    world.host.active.clear();
    auto answer = world.device("POST", "/sessions", PluginWorld::request(world.descriptor).to_json());
    BOOST_TEST(answer.status == 403U);
    BOOST_TEST(answer.reason() == "not_deployed");
    world.host.failure = fail(Errc::unavailable, "the host is away");
    answer = world.device("POST", "/sessions", PluginWorld::request(world.descriptor).to_json());
    BOOST_TEST(answer.status == 503U);
    BOOST_TEST(answer.reason() == "unavailable");
}

BOOST_AUTO_TEST_CASE(no_answer_but_the_opening_tells_the_secret) {
    Deployed world;
    const auto opened = world.device("POST", "/sessions", PluginWorld::request(world.descriptor).to_json());
    const std::string secret(opened.body.at("certification").get_string());
    const std::string id(opened.body.at("session").get_string());
    for (const auto& call : calls()) {
        const auto answer = world.device(call.method, "/sessions/" + id + call.part, call.body);
        BOOST_TEST(json::serialize(answer.body).find(secret) == std::string::npos, call.part);
    }
    for (const auto* path : {"/sessions", "/releases", "/payloads"})
        BOOST_TEST(json::serialize(world.operate("GET", path).body).find(secret) == std::string::npos);
    BOOST_TEST(json::serialize(world.operate("GET", "/sessions/" + id + "/events").body).find(secret) ==
               std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace two_path::control
