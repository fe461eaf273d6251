// What anyone who asks to come in may cost, and whom it must not hurt.
#include "tests/unit/plugin/host/host_world.hpp"

#include <boost/test/unit_test.hpp>

namespace two_path::tests {
BOOST_AUTO_TEST_SUITE(embedded_host_newcomers)

namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

/// A host with small limits, and an operator who stays logged in.
struct SmallHost : HostWorld {
    explicit SmallHost(host::Acceptance acceptance = host::Acceptance::manual)
      : HostWorld(acceptance) {
        settings().max_pending = 3;
        settings().max_accepted = 2;
        settings().user_token_lifetime = hours(24 * 365);
        restart();
    }
};

TestDevice device_called(const std::string& mac) {
    TestDevice device;
    device.id_data = R"({"mac":")" + mac + R"("})";
    return device;
}

/// As devices that were never seen: the answer to each.
unsigned newcomer(HostWorld& world, const std::string& mac) {
    return device_called(mac).authenticate(world).status;
}

control::Response junk(HostWorld& world) {
    return world.call("POST", auth_requests, "junk");
}

/// Sends junk until the address has used up what it may.
void use_up(HostWorld& world) {
    while (junk(world).status != 429) {
    }
}

std::vector<std::string> known(HostWorld& world, const std::string& status = {}) {
    const auto all = body_of(world.as_user("GET", std::string(devauth) + "?per_page=500&status=" + status));
    std::vector<std::string> macs;
    for (const auto& device : all.as_array())
        macs.emplace_back(device.at("identity_data").at("mac").as_string());
    return macs;
}

void set_status(HostWorld& world, const TestDevice& device, const std::string& status) {
    const auto path = std::string(devauth) + "/" + world.id_of(device);
    const auto shown = body_of(world.as_user("GET", path));
    const auto set = std::string(shown.at("auth_sets").at(0).at("id").as_string());
    const auto body = R"({"status":")" + status + R"("})";
    BOOST_REQUIRE_EQUAL(world.as_user("PUT", path + "/auth/" + set + "/status", body).status, 204U);
}

using Macs = std::vector<std::string>;

} // namespace

BOOST_AUTO_TEST_CASE(junk_keeps_newcomers_of_its_address_out_and_no_one_else) {
    HostWorld world;
    auto accepted = world.accepted_device("accepted");
    use_up(world);
    const auto refused = device_called("new").authenticate(world);
    BOOST_TEST(refused.status == 429U);
    BOOST_TEST(refused.headers.at("Retry-After") == "1");
    BOOST_TEST((known(world) == Macs{"accepted"}));

    BOOST_TEST(accepted.authenticate(world).status == 200U);
    BOOST_TEST(world.as(accepted.token, "POST", next_v2, provides("release-1")).status == 204U);
    const auto body = accepted.request_body();
    const auto forged =
        world.call("POST", auth_requests, body, {{"X-MEN-Signature", TestKey::ed25519().sign(body)}});
    BOOST_TEST(forged.status == 401U);

    world.client = "192.0.2.8";
    BOOST_TEST(newcomer(world, "elsewhere") == 200U);
    world.client = "192.0.2.7";
    BOOST_TEST(newcomer(world, "new") == 429U);
    world.time.pass(milliseconds(50));
    BOOST_TEST(newcomer(world, "new") == 200U);
}

BOOST_AUTO_TEST_CASE(a_signature_that_does_not_hold_counts_as_junk) {
    HostWorld world;
    const auto body = TestDevice().request_body();
    const control::Headers wrong{{"X-MEN-Signature", TestKey::ed25519().sign(body)}};
    unsigned status = 401;
    for (int i = 0; status == 401 && i < 2'000; ++i)
        status = world.call("POST", auth_requests, body, wrong).status;
    BOOST_TEST(status == 429U);
}

BOOST_AUTO_TEST_CASE(a_fleet_behind_one_address_comes_in_within_minutes) {
    HostWorld world;
    const int fleet = 2'000;
    std::vector<TestDevice> waiting;
    for (int i = 0; i < fleet; ++i)
        waiting.push_back(device_called(std::to_string(i)));
    int minutes = 0;
    for (; !waiting.empty() && minutes < 60; ++minutes) { // all switched on at once; they ask once a minute
        std::erase_if(waiting, [&](TestDevice& device) { return device.authenticate(world).status == 200; });
        world.time.pass(std::chrono::minutes(1));
    }
    BOOST_TEST(waiting.empty());
    BOOST_TEST(minutes <= 5);
}

BOOST_AUTO_TEST_CASE(only_so_many_wait_for_the_operator) {
    SmallHost world;
    auto first = device_called("1");
    BOOST_TEST(first.authenticate(world).status == 401U);
    BOOST_TEST(newcomer(world, "2") == 401U);
    BOOST_TEST(newcomer(world, "3") == 401U);
    const auto refused = device_called("4").authenticate(world);
    BOOST_TEST(refused.status == 429U);
    BOOST_TEST(refused.headers.contains("Retry-After"));
    BOOST_TEST((known(world) == Macs{"1", "2", "3"}));
    BOOST_TEST(first.authenticate(world).status == 401U); // who waits already may ask
    set_status(world, first, "accepted");
    BOOST_TEST(first.authenticate(world).status == 200U);
    BOOST_TEST(newcomer(world, "4") == 401U);
    BOOST_TEST(newcomer(world, "5") == 429U);
}

BOOST_AUTO_TEST_CASE(who_waits_in_silence_for_a_week_is_forgotten) {
    SmallHost world;
    auto faithful = device_called("faithful");
    BOOST_TEST(faithful.authenticate(world).status == 401U);
    BOOST_TEST(newcomer(world, "silent") == 401U);
    BOOST_TEST(newcomer(world, "silent too") == 401U);
    BOOST_TEST(newcomer(world, "late") == 429U);
    for (int day = 0; day < 7; ++day) {
        world.time.pass(hours(24));
        faithful.authenticate(world);
    }
    BOOST_TEST(newcomer(world, "late") == 429U);
    world.time.pass(milliseconds(1));
    BOOST_TEST(newcomer(world, "late") == 401U);
    BOOST_TEST((known(world) == Macs{"faithful", "late"}));
}

BOOST_AUTO_TEST_CASE(who_was_decided_on_is_never_forgotten) {
    SmallHost world;
    for (const std::string status : {"accepted", "rejected", "pending"}) {
        auto device = device_called(status);
        device.authenticate(world);
        set_status(world, device, "accepted");
        set_status(world, device, status);
    }
    auto other_key = device_called("accepted");
    BOOST_TEST(other_key.authenticate(world).status == 401U);
    world.time.pass(hours(24 * 30));
    BOOST_TEST(newcomer(world, "new") == 401U);
    BOOST_TEST((known(world) == Macs{"accepted", "rejected", "pending", "new"}));
    const auto shown = body_of(world.as_user("GET", std::string(devauth) + "/" + world.id_of(other_key)));
    BOOST_TEST(shown.at("auth_sets").as_array().size() == 1U); // the key that only waited is gone
}

BOOST_AUTO_TEST_CASE(automatic_acceptance_ends_at_a_number_of_devices) {
    SmallHost world(host::Acceptance::automatic);
    auto first = world.accepted_device("1");
    world.accepted_device("2");
    auto third = device_called("3");
    BOOST_TEST(third.authenticate(world).status == 401U);
    BOOST_TEST((known(world, "pending") == Macs{"3"}));
    BOOST_TEST(first.authenticate(world).status == 200U);
    set_status(world, third, "accepted");
    BOOST_TEST(third.authenticate(world).status == 200U);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace two_path::tests
