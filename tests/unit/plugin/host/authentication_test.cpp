#include "tests/unit/plugin/host/host_world.hpp"

#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <array>

namespace two_path::tests {
BOOST_AUTO_TEST_SUITE(embedded_host_authentication)

namespace {

enum class KeyKind { rsa, ecdsa, ed25519 };

std::ostream& operator<<(std::ostream& out, KeyKind kind) {
    return out << (kind == KeyKind::rsa ? "RSA" : kind == KeyKind::ecdsa ? "ECDSA" : "Ed25519");
}

TestKey make(KeyKind kind) {
    if (kind == KeyKind::rsa) return TestKey::rsa();
    return kind == KeyKind::ecdsa ? TestKey::ecdsa() : TestKey::ed25519();
}

constexpr std::array kinds{KeyKind::rsa, KeyKind::ecdsa, KeyKind::ed25519};

control::Response ask(HostWorld& world, const std::string& body, const std::string& signature) {
    return world.call("POST", auth_requests, body, {{"X-MEN-Signature", signature}});
}

json::array devices_of(HostWorld& world, const std::string& query = {}) {
    const auto response = world.as_user("GET", std::string(devauth) + query);
    BOOST_REQUIRE_EQUAL(response.status, 200U);
    return body_of(response).as_array();
}

/// Sets the status of the only key of the only device.
unsigned set_only_status(HostWorld& world, const std::string& status) {
    const auto device = devices_of(world).at(0);
    const auto path = std::string(devauth) + "/" + std::string(device.at("id").as_string()) + "/auth/" +
                      std::string(device.at("auth_sets").at(0).at("id").as_string()) + "/status";
    return world.as_user("PUT", path, R"({"status":")" + status + R"("})").status;
}

std::string status_of(const json::value& device) {
    return std::string(device.at("status").as_string());
}

unsigned poll(HostWorld& world, const TestDevice& device) {
    return world.as(device.token, "POST", next_v2, provides("release-1")).status;
}

} // namespace

BOOST_DATA_TEST_CASE(a_signed_request_is_let_in, kinds, kind) {
    HostWorld world;
    TestDevice device;
    device.key = make(kind);
    const auto response = device.authenticate(world);
    BOOST_TEST(response.status == 200U);
    BOOST_TEST(response.headers.at("Content-Type") == "application/jwt");
    BOOST_TEST(poll(world, device) == 204U);
}

BOOST_DATA_TEST_CASE(a_signature_over_other_bytes_is_refused, kinds, kind) {
    HostWorld world;
    TestDevice device;
    device.key = make(kind);
    const auto body = device.request_body();
    BOOST_TEST(ask(world, body, device.key.sign(body + " ")).status == 401U);
    BOOST_TEST(ask(world, body, make(kind).sign(body)).status == 401U);
    BOOST_TEST(devices_of(world).empty());
}

BOOST_AUTO_TEST_CASE(what_is_malformed_is_refused_and_leaves_nothing) {
    HostWorld world;
    const TestDevice device;
    const auto body = device.request_body();
    BOOST_TEST(world.call("POST", auth_requests, body).status == 400U);
    BOOST_TEST(ask(world, body, "not base64!").status == 400U);
    BOOST_TEST(ask(world, "{}", device.key.sign("{}")).status == 400U);
    BOOST_TEST(ask(world, "no json", device.key.sign("no json")).status == 400U);
    const auto big = std::string(70'000, ' ');
    BOOST_TEST(ask(world, big, device.key.sign(big)).status == 413U);

    TestDevice odd;
    odd.id_data = "[1]";
    BOOST_TEST(odd.authenticate(world).status == 400U);
    odd.id_data = "{}";
    BOOST_TEST(odd.authenticate(world).status == 400U);
    BOOST_TEST(devices_of(world).empty());
}

BOOST_AUTO_TEST_CASE(only_a_public_key_pem_of_a_served_kind_is_a_key) {
    HostWorld world;
    TestDevice weak;
    weak.key = TestKey::rsa(1024);
    BOOST_TEST(weak.authenticate(world).status == 400U);
    weak.key = TestKey::rsa_with_long_exponent(); // dear to check signatures with
    BOOST_TEST(weak.authenticate(world).status == 400U);

    const TestDevice device;
    auto body = device.request_body();
    for (std::size_t at = body.find("PUBLIC KEY"); at != std::string::npos;
         at = body.find("PUBLIC KEY", at + 10))
        body.replace(at, 10, "DEVICE KEY");
    BOOST_TEST(ask(world, body, device.key.sign(body)).status == 400U);
    BOOST_TEST(devices_of(world).empty());
}

/// What an operator has against who keeps a device from its updates.
BOOST_AUTO_TEST_CASE(freeze_is_seen_by_the_time_of_the_last_contact) {
    HostWorld world;
    const auto kept_away = world.accepted_device("02:00:00:00:00:01");
    const auto other = world.accepted_device("02:00:00:00:00:02");
    const auto last_contact = [&world](const TestDevice& device) {
        const auto path = std::string(devauth) + "/" + world.id_of(device);
        return std::string(body_of(world.as_user("GET", path)).at("check_in_time").as_string());
    };
    BOOST_TEST(poll(world, kept_away) == 204U);
    const auto before = last_contact(kept_away);
    for (int days = 0; days < 3; ++days) {
        world.time.pass(std::chrono::hours(24));
        BOOST_TEST(poll(world, other) == 204U); // a token lives for a week, so it does not authenticate anew
    }
    BOOST_TEST(last_contact(kept_away) == before);
    BOOST_TEST(last_contact(other) > before);
    // What asks two-path has come through as well.
    BOOST_REQUIRE(run(world.host().device_of(kept_away.token, {})));
    BOOST_TEST(last_contact(kept_away) == last_contact(other));
}

BOOST_AUTO_TEST_CASE(a_device_waits_until_the_operator_accepts_it) {
    HostWorld world(host::Acceptance::manual);
    TestDevice device;
    BOOST_TEST(device.authenticate(world).status == 401U);
    BOOST_TEST(device.authenticate(world).status == 401U);
    BOOST_REQUIRE_EQUAL(devices_of(world).size(), 1U);
    BOOST_TEST(status_of(devices_of(world)[0]) == "pending");
    BOOST_TEST(devices_of(world, "?status=accepted").empty());
    BOOST_TEST(set_only_status(world, "accepted") == 204U);
    BOOST_TEST(devices_of(world, "?status=accepted").size() == 1U);
    BOOST_TEST(device.authenticate(world).status == 200U);
    BOOST_TEST(poll(world, device) == 204U);
}

BOOST_AUTO_TEST_CASE(a_rejected_devices_tokens_do_not_hold_even_when_it_is_accepted_again) {
    HostWorld world;
    auto device = world.accepted_device();
    BOOST_TEST(set_only_status(world, "accepted") == 204U);
    BOOST_TEST(poll(world, device) == 204U);
    BOOST_TEST(set_only_status(world, "rejected") == 204U);
    BOOST_TEST(poll(world, device) == 401U);
    BOOST_TEST(device.authenticate(world).status == 401U);
    BOOST_TEST(set_only_status(world, "accepted") == 204U);
    BOOST_TEST(poll(world, device) == 401U);
    BOOST_TEST(device.authenticate(world).status == 200U);
    BOOST_TEST(poll(world, device) == 204U);
}

BOOST_AUTO_TEST_CASE(a_decommissioned_device_is_out_and_may_ask_anew) {
    HostWorld world(host::Acceptance::manual);
    TestDevice device;
    device.authenticate(world);
    set_only_status(world, "accepted");
    device.authenticate(world);
    const auto path = std::string(devauth) + "/" + world.id_of(device);
    BOOST_TEST(world.as_user("DELETE", path).status == 204U);
    BOOST_TEST(world.as_user("DELETE", path).status == 404U);
    BOOST_TEST(poll(world, device) == 401U);
    BOOST_TEST(device.authenticate(world).status == 401U);
    BOOST_TEST(status_of(devices_of(world)[0]) == "pending");
}

BOOST_AUTO_TEST_CASE(identities_are_compared_without_regard_to_order_and_space) {
    HostWorld world;
    TestDevice device;
    device.id_data = R"({"mac":"1","sn":"2"})";
    BOOST_TEST(device.authenticate(world).status == 200U);
    device.id_data = R"( { "sn": "2", "mac" : "1" } )";
    BOOST_TEST(device.authenticate(world).status == 200U);
    BOOST_TEST(devices_of(world).size() == 1U);
}

BOOST_AUTO_TEST_CASE(a_new_key_of_a_known_device_waits_for_the_operator_also_with_automatic_acceptance) {
    HostWorld world;
    const auto first = world.accepted_device();
    TestDevice impostor;
    BOOST_TEST(impostor.authenticate(world).status == 401U);
    const auto device = devices_of(world).at(0);
    BOOST_TEST(device.at("auth_sets").as_array().size() == 2U);
    BOOST_TEST(status_of(device) == "accepted");
    BOOST_TEST(poll(world, first) == 204U);

    const auto second = std::string(device.at("auth_sets").at(1).at("id").as_string());
    const auto path = std::string(devauth) + "/" + world.id_of(first) + "/auth/" + second + "/status";
    BOOST_TEST(world.as_user("PUT", path, R"({"status":"accepted"})").status == 204U);
    BOOST_TEST(impostor.authenticate(world).status == 200U);
    BOOST_TEST(poll(world, first) == 401U);
}

BOOST_AUTO_TEST_CASE(a_device_cannot_fill_the_database_with_keys) {
    HostWorld world;
    world.accepted_device();
    TestDevice device;
    unsigned last = 0;
    for (int i = 0; i < 20; ++i) {
        device.key = TestKey::ed25519();
        last = device.authenticate(world).status;
    }
    BOOST_TEST(last == 429U);
    BOOST_TEST(devices_of(world).at(0).at("auth_sets").as_array().size() == 20U);
}

BOOST_AUTO_TEST_CASE(devices_are_counted_and_paged) {
    HostWorld world;
    for (int i = 0; i < 5; ++i) {
        world.accepted_device("mac-" + std::to_string(i));
        world.time.pass(std::chrono::seconds(1));
    }
    const auto count = world.as_user("GET", std::string(devauth) + "/count?status=accepted");
    BOOST_TEST(body_of(count).at("count").as_int64() == 5);
    const auto page = world.as_user("GET", std::string(devauth) + "?page=2&per_page=2");
    BOOST_TEST(page.headers.at("X-Total-Count") == "5");
    BOOST_REQUIRE_EQUAL(body_of(page).as_array().size(), 2U);
    BOOST_TEST(body_of(page).at(0).at("identity_data").at("mac").as_string() == "mac-2");
    const auto id = std::string(body_of(page).at(1).at("id").as_string());
    BOOST_TEST(devices_of(world, "?id=" + id + "&id=unknown").size() == 1U);
    BOOST_TEST(world.as_user("GET", std::string(devauth) + "/" + id).status == 200U);
    for (const std::string wrong : {"?page=0", "?per_page=501", "?page=x", "?status=odd"})
        BOOST_TEST(world.as_user("GET", std::string(devauth) + wrong).status == 400U, wrong);
}

BOOST_AUTO_TEST_CASE(a_status_is_one_of_three_and_of_a_known_key) {
    HostWorld world;
    const auto device = world.accepted_device();
    BOOST_TEST(set_only_status(world, "noauth") == 400U);
    const auto path = std::string(devauth) + "/" + world.id_of(device) + "/auth/unknown/status";
    BOOST_TEST(world.as_user("PUT", path, R"({"status":"accepted"})").status == 404U);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace two_path::tests
