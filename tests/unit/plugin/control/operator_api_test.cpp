#include "api_world.hpp"

#include "plugin/control/one_line.hpp"
#include "plugin/control/session_view.hpp"

namespace two_path::control {
BOOST_AUTO_TEST_SUITE(operator_api)

namespace {

using tests::ApiWorld;
using tests::PluginWorld;
using tests::TextBody;

std::string text_of(const Descriptor& descriptor) {
    return json::serialize(to_json(descriptor));
}

std::size_t length(const json::value& list) {
    return list.as_array().size();
}

} // namespace

BOOST_AUTO_TEST_CASE(who_is_no_operator_is_refused_before_the_body_is_read) {
    ApiWorld world;
    for (const auto* token : {"", "unknown", "token-1"}) {
        for (const auto& [method, path] : {std::pair{"POST", "/payloads"},
                                           {"GET", "/payloads"},
                                           {"DELETE", "/payloads/x"},
                                           {"POST", "/releases"},
                                           {"GET", "/releases"},
                                           {"GET", "/releases/x"},
                                           {"DELETE", "/releases/x"},
                                           {"GET", "/sessions"},
                                           {"GET", "/sessions/x"},
                                           {"GET", "/sessions/x/events"},
                                           {"GET", "/audit"},
                                           {"GET", "/audit/x"},
                                           {"GET", "/doctor"},
                                           {"GET", "/imports"},
                                           {"GET", "/notices"},
                                           {"PUT", "/notices/x/retry"},
                                           {"DELETE", "/notices/x"}}) {
            TextBody body("some bytes");
            const auto answer = world.ask(token, method, std::string(messages::management_api) + path, body);
            BOOST_TEST(answer.status == 401U, method << " " << path);
            BOOST_TEST(!body.was_read);
        }
    }
    BOOST_TEST(world.payloads().list().value().empty());
}

BOOST_AUTO_TEST_CASE(health_needs_no_token) {
    ApiWorld world;
    const auto answer = world.ask("", "GET", std::string(messages::management_api) + "/health");
    BOOST_TEST(answer.status == 200U);
    BOOST_TEST(answer.body == (json::object{{"status", "ok"}}));
}

BOOST_AUTO_TEST_CASE(a_payload_is_received_as_a_stream_and_named_by_its_digest) {
    ApiWorld world;
    const std::string large(3 * 1024 * 1024 + 7, 'x'); // several pieces, the last one short
    const auto id = sha256_hex(large);
    for (int i = 0; i < 2; ++i) {
        const auto answer = world.operate("POST", "/payloads?sha256=" + id, large);
        BOOST_TEST(answer.status == 201U);
        BOOST_TEST(answer.body == (json::object{{"id", id}, {"size", large.size()}}));
    }
    BOOST_TEST(world.payloads().size_of(id).value() == large.size());
    const auto exact = std::string(1024 * 1024, 'y'); // ends with a piece's end
    BOOST_TEST(world.operate("POST", "/payloads", exact).body.at("size") == exact.size());
    const auto listed = world.operate("GET", "/payloads");
    BOOST_TEST(length(listed.body) == 2U);
}

BOOST_AUTO_TEST_CASE(a_payload_that_is_not_the_announced_one_or_breaks_off_is_not_kept) {
    ApiWorld world;
    BOOST_TEST(world.operate("POST", "/payloads?sha256=abc", "x").status == 400U);
    BOOST_TEST(world.operate("POST", "/payloads?sha256=" + std::string(64, 'a'), "x").status == 400U);
    TextBody body(std::string(5000, 'x'));
    body.breaks_off = true;
    const auto answer =
        world.ask("token-op", "POST", std::string(messages::management_api) + "/payloads", body);
    BOOST_TEST(answer.status == 503U);
    BOOST_TEST(world.payloads().list().value().empty());
    BOOST_TEST(std::filesystem::is_empty(world.folder / "incoming"));
}

BOOST_AUTO_TEST_CASE(a_release_needs_its_payload_and_its_name_for_itself) {
    ApiWorld world;
    const auto descriptor = world.describe("app-2.0", "2.0", "some bytes");
    auto unknown = descriptor;
    unknown.files[0].id = unknown.files[0].sha256 = std::string(64, 'a');
    auto answer = world.operate("POST", "/releases", text_of(unknown));
    BOOST_TEST(answer.status == 409U);
    BOOST_TEST(answer.reason() == "payload_missing");
    auto longer = descriptor;
    longer.files[0].size = longer.files[0].wire_size = 11;
    BOOST_TEST(world.operate("POST", "/releases", text_of(longer)).reason() == "bad_descriptor");
    BOOST_TEST(world.operate("POST", "/releases", "{}").reason() == "bad_descriptor");
    BOOST_TEST(world.operate("POST", "/releases", std::string(33 * 1024, ' ')).status == 413U);
    BOOST_TEST(length(world.operate("GET", "/releases").body) == 0U);

    answer = world.operate("POST", "/releases", text_of(descriptor));
    BOOST_TEST(answer.status == 201U);
    BOOST_TEST(answer.body.at("name") == "app-2.0");
    BOOST_TEST(answer.body.at("descriptor") == json::value(to_json(descriptor)));
    // The same again, whatever its spacing and order.
    BOOST_TEST(world.operate("POST", "/releases", "  " + text_of(descriptor)).status == 200U);
    auto other = descriptor;
    other.version = "2.1";
    answer = world.operate("POST", "/releases", text_of(other));
    BOOST_TEST(answer.status == 409U);
    BOOST_TEST(answer.reason() == "conflict");
    BOOST_TEST(world.operate("GET", "/releases/app-2.0").body.at("version") == "2.0");
    BOOST_TEST(world.operate("GET", "/releases/none").status == 404U);
}

BOOST_AUTO_TEST_CASE(what_is_in_use_is_not_removed) {
    ApiWorld world;
    const auto descriptor = world.describe("app-2.0", "2.0", "some bytes");
    const auto payload = "/payloads/" + descriptor.files[0].id;
    world.publish(descriptor);
    world.deploy("device-1", descriptor, "deployment-1");
    const auto session = world.open("device-1", PluginWorld::request(descriptor)).value().session;

    auto answer = world.operate("DELETE", "/releases/app-2.0");
    BOOST_TEST(answer.status == 409U);
    BOOST_TEST(std::string(answer.body.at("detail").get_string()).find(session) != std::string::npos);
    answer = world.operate("DELETE", payload);
    BOOST_TEST(answer.status == 409U);
    BOOST_TEST(std::string(answer.body.at("detail").get_string()).find("app-2.0") != std::string::npos);

    world.sessions().abort(session, "someone").value();
    BOOST_TEST(world.operate("DELETE", "/releases/app-2.0").status == 204U);
    BOOST_TEST(world.operate("DELETE", "/releases/app-2.0").status == 404U);
    BOOST_TEST(world.operate("DELETE", payload).status == 204U);
    BOOST_TEST(world.operate("DELETE", payload).status == 404U);
    BOOST_TEST(world.operate("GET", "/sessions/" + session).status == 200U); // what happened stays
}

BOOST_AUTO_TEST_CASE(C7_a_session_tells_what_happened_why_and_what_to_do) {
    ApiWorld world;
    const auto descriptor = world.describe("app-2.0", "2.0", "some bytes");
    world.publish(descriptor);
    world.deploy("device-1", descriptor, "deployment-1");
    const auto id = world.open("device-1", PluginWorld::request(descriptor)).value().session;
    world.sessions().stored("device-1", id).value();
    BOOST_REQUIRE(world.admission().login(id, "192.0.2.9"));
    world.admission().sent(id, 7);
    BOOST_TEST(world.operate("GET", "/sessions/" + id).body.at("sent") == 7); // while it runs
    world.time.pass(std::chrono::milliseconds(1500));
    world.sessions().failed("device-1", id, {"Download", {Errc::tampered, "block 3"}}).value();

    const auto shown = world.operate("GET", "/sessions/" + id).body;
    const json::object expected{{"device", "device-1"},
                                {"deployment", "deployment-1"},
                                {"release", "app-2.0"},
                                {"version", "2.0"},
                                {"device_version", "1.0"},
                                {"state", "failed"},
                                {"reason", "tampered"},
                                {"detail", "block 3"},
                                {"stage", "Download"},
                                {"advice", info(Errc::tampered).advice},
                                {"total", 10},
                                {"sent", 7},
                                {"opened", "2027-01-15T08:00:00.000Z"},
                                {"changed", "2027-01-15T08:00:01.500Z"}};
    for (const auto& [name, value] : expected)
        BOOST_TEST(shown.at(name) == value, name << ": " << shown.at(name));
    const auto events = world.operate("GET", "/sessions/" + id + "/events").body;
    BOOST_REQUIRE_EQUAL(length(events), 4U);
    BOOST_TEST(events.at(3).at("state") == "failed");
    BOOST_TEST(events.at(3).at("cause") == "device");
    BOOST_TEST(events.at(3).at("time") == "2027-01-15T08:00:01.500Z");
    BOOST_TEST(world.operate("GET", "/sessions/" + make_nonce()).status == 404U);
    BOOST_TEST(world.operate("GET", "/sessions/" + make_nonce() + "/events").status == 404U);
}

BOOST_AUTO_TEST_CASE(sessions_are_filtered_and_wrong_filters_are_named) {
    ApiWorld world;
    const auto descriptor = world.describe("app-2.0", "2.0", "some bytes");
    world.publish(descriptor);
    for (const auto* device : {"device-1", "device-2"}) {
        world.deploy(device, descriptor, "deployment-1");
        BOOST_REQUIRE(world.open(device, PluginWorld::request(descriptor)));
    }
    const auto count = [&](const std::string& query) {
        return length(world.operate("GET", "/sessions" + query).body);
    };
    BOOST_TEST(count("") == 2U);
    BOOST_TEST(count("?device=device-2") == 1U);
    BOOST_TEST(count("?release=app-2.0") == 2U);
    BOOST_TEST(count("?release=app") == 0U);
    BOOST_TEST(count("?state=opened") == 2U);
    BOOST_TEST(count("?state=failed") == 0U);
    BOOST_TEST(count("?limit=1") == 1U);
    for (const auto* query :
         {"?state=open", "?limit=0", "?limit=1001", "?limit=-1", "?limit=1x", "?limit=999999999999999999999"})
        BOOST_TEST(world.operate("GET", std::string("/sessions") + query).status == 400U, query);
}

BOOST_AUTO_TEST_CASE(what_a_device_says_becomes_one_line) {
    struct {
        std::string text;
        std::string line;
    } const cases[] = {{"plain", "plain"},
                       {"a\nb\tc\x7f", "a b c "},
                       {"\x1b[31m", " [31m"},
                       {"caf\xc3\xa9", "caf\xc3\xa9"},
                       {"a\xc2\x9b"
                        "b",
                        "a b"},                           // a terminal's CSI in one character
                       {"cut\xe2\x82", "cut  "},          // half a character
                       {"\xc0\xaf\xed\xa0\x80", "     "}, // overlong, surrogate
                       {"\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80"}};
    for (const auto& one : cases)
        BOOST_TEST(one_line(one.text) == one.line);
    BOOST_TEST(one_line("abcdef", 3) == "abc");
    BOOST_TEST(one_line("ab\xc3\xa9", 3) == "ab");
    BOOST_TEST(rfc3339(0) == "1970-01-01T00:00:00.000Z");
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace two_path::control
