// What a device may order, without a host framework behind it.
#include "api_world.hpp"

namespace two_path::control {
BOOST_AUTO_TEST_SUITE(update_requests)

namespace {

using tests::ApiWorld;
using tests::run;

struct Published : ApiWorld {
    Published() {
        add("app-1.0", "app", 10);
        add("app-3.0", "app", 30);
        add("app-2.0", "app", 20);
        add("os-1.0", "os", 25);
    }

    void add(const std::string& release, const std::string& stream, std::uint64_t sequence) {
        auto descriptor = describe(release, release.substr(release.find('-') + 1), release);
        descriptor.stream = stream;
        descriptor.sequence = sequence;
        publish(descriptor);
    }

    /// What the host is asked to deploy, best first.
    std::vector<std::string> offered(const json::object& request) {
        BOOST_TEST(device("POST", "/update-requests", request).status == 202U);
        return host.orders.back().releases;
    }
};

using Names = std::vector<std::string>;

} // namespace

BOOST_AUTO_TEST_CASE(C12_a_device_orders_the_newest_release_or_the_one_it_names) {
    Published world;
    BOOST_TEST(world.offered({}) == (Names{"app-3.0", "os-1.0", "app-2.0", "app-1.0"}),
               boost::test_tools::per_element());
    BOOST_TEST(world.offered({{"release", "app-2.0"}}) == Names{"app-2.0"}, boost::test_tools::per_element());
    const auto answer = world.device("POST", "/update-requests");
    BOOST_TEST(answer.body.at("deployment") == "ordered-3");
    BOOST_TEST(answer.body.at("release") == "app-3.0");
    BOOST_TEST(world.host.orders.back().device == "device-1");
}

BOOST_AUTO_TEST_CASE(only_what_is_newer_than_committed_is_ordered) {
    Published world;
    BOOST_TEST(world.offered({{"committed", {{"app", 20}}}}) == (Names{"app-3.0", "os-1.0"}),
               boost::test_tools::per_element());
    const json::object all{{"committed", {{"app", 30}, {"os", 25}}}};
    const auto answer = world.device("POST", "/update-requests", all);
    BOOST_TEST(answer.status == 404U);
    BOOST_TEST(answer.reason() == "not_found");
    for (const auto* release : {"app-1.0", "no-such-release"})
        BOOST_TEST(
            world.device("POST", "/update-requests", {{"release", release}, {"committed", {{"app", 10}}}})
                .status == 404U);
    BOOST_TEST(world.host.orders.size() == 1U);
}

BOOST_AUTO_TEST_CASE(what_is_no_request_is_refused) {
    Published world;
    for (const auto* body :
         {"", "[]", R"({"release":""})", R"({"release":7})", R"({"committed":{"app":"x"}})"})
        BOOST_TEST(world.ask("token-1", "POST", messages::update_requests_path(), body).status == 400U, body);
    json::object streams;
    for (int i = 0; i <= 256; ++i)
        streams[std::to_string(i)] = 1;
    BOOST_TEST(world.device("POST", "/update-requests", {{"committed", streams}}).status == 400U);
    BOOST_TEST(world.host.orders.empty());
}

BOOST_AUTO_TEST_CASE(new_deployments_are_rationed_and_those_under_way_are_not) {
    Published world;
    for (int i = 0; i < 5; ++i)
        BOOST_TEST(world.device("POST", "/update-requests").status == 202U);
    const auto answer = world.device("POST", "/update-requests");
    BOOST_TEST(answer.status == 429U);
    BOOST_TEST(answer.reason() == "busy");
    BOOST_TEST(answer.headers.at("Retry-After") == "600");
    BOOST_TEST(world.ask("token-2", "POST", messages::update_requests_path(), "{}").status == 202U);
    world.host.creates = false;
    BOOST_TEST(world.device("POST", "/update-requests").status == 202U);
    world.host.creates = true;
    world.time.pass(std::chrono::minutes{10});
    BOOST_TEST(world.device("POST", "/update-requests").status == 202U);
    BOOST_TEST(world.device("POST", "/update-requests").status == 429U);
}

BOOST_AUTO_TEST_CASE(without_the_policy_nothing_is_ordered) {
    Published world;
    UpdateRequests never(world.store(), world.host, false);
    const auto refused = run(never.order("device-1", {}));
    BOOST_REQUIRE(!refused);
    BOOST_TEST((refused.error().code == Errc::forbidden));
    BOOST_TEST(world.host.orders.empty());
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace two_path::control
