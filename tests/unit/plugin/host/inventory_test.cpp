#include "tests/unit/plugin/host/host_world.hpp"

#include <boost/test/unit_test.hpp>

namespace two_path::tests {
namespace {

constexpr std::string_view inventory_path = "/api/management/v1/inventory";

std::string below_inventory(const std::string& rest) {
    return std::string(inventory_path) + rest;
}

struct OneDevice : HostWorld {
    TestDevice device{accepted_device()};
    std::string id{id_of(device)};

    unsigned say(const std::string& method, const std::string& body) {
        return as(device.token, method, attributes_path, body).status;
    }
    /// name -> value of one scope.
    json::object said(const std::string& scope = "inventory") {
        json::object all;
        const auto shown = body_of(as_user("GET", below_inventory("/devices/" + id)));
        for (const auto& attribute : shown.at("attributes").as_array())
            if (attribute.at("scope").as_string() == scope)
                all[attribute.at("name").as_string()] = attribute.at("value");
        return all;
    }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(embedded_host_inventory, OneDevice)

BOOST_AUTO_TEST_CASE(put_replaces_and_patch_merges) {
    BOOST_TEST(
        say("PUT", R"([{"name":"artifact_name","value":"r-1"},{"name":"modules","value":["a","b"]}])") ==
        200U);
    BOOST_TEST(said() == (json::object{{"artifact_name", "r-1"}, {"modules", json::array{"a", "b"}}}));
    BOOST_TEST(say("PATCH", R"([{"name":"artifact_name","value":"r-2"},{"name":"free","value":42}])") ==
               200U);
    BOOST_TEST(said() ==
               (json::object{{"artifact_name", "r-2"}, {"free", 42}, {"modules", json::array{"a", "b"}}}));
    restart();
    BOOST_TEST(say("PUT", R"([{"name":"artifact_name","value":"r-3"}])") == 200U);
    BOOST_TEST(said() == (json::object{{"artifact_name", "r-3"}}));
    BOOST_TEST(said("identity").at("mac").as_string() == "02:00:00:00:00:01");
    BOOST_TEST(said("identity").at("status").as_string() == "accepted");
}

BOOST_AUTO_TEST_CASE(what_is_malformed_or_too_much_changes_nothing) {
    say("PUT", R"([{"name":"kept","value":"yes"}])");
    const std::string long_name(257, 'n');
    for (const std::string& wrong :
         {std::string("{}"), std::string("[1]"), std::string(R"([{"value":"x"}])"),
          std::string(R"([{"name":"x"}])"), std::string(R"([{"name":"x","value":{}}])"),
          std::string(R"([{"name":"x","value":[[1]]}])"), std::string(R"([{"name":"x","value":null}])"),
          "[{\"name\":\"" + long_name + "\",\"value\":1}]",
          "[{\"name\":\"x\",\"value\":\"" + std::string(17'000, 'v') + "\"}]"})
        BOOST_TEST(say("PUT", wrong) == 400U, wrong.substr(0, 60));
    BOOST_TEST(say("PUT", std::string(1024 * 1024 + 1, ' ')) == 413U);
    json::array many;
    for (int i = 0; i < 500; ++i)
        many.push_back(json::object{{"name", "n" + std::to_string(i)}, {"value", i}});
    BOOST_TEST(say("PATCH", json::serialize(many)) == 413U);
    BOOST_TEST(said() == (json::object{{"kept", "yes"}}));
    BOOST_TEST(say("PUT", json::serialize(many)) == 200U);
}

BOOST_AUTO_TEST_CASE(devices_are_sorted_into_groups_and_out_again) {
    const auto group = below_inventory("/devices/" + id + "/group");
    BOOST_TEST(body_of(as_user("GET", below_inventory("/groups"))).as_array().empty());
    BOOST_TEST(as_user("PUT", group, R"({"group":"lab"})").status == 204U);
    BOOST_TEST(body_of(as_user("GET", group)).at("group").as_string() == "lab");
    BOOST_TEST(body_of(as_user("GET", below_inventory("/groups"))) == json::array{"lab"});
    BOOST_TEST(body_of(as_user("GET", below_inventory("/groups/lab/devices"))) == json::array{id});
    BOOST_TEST(as_user("GET", below_inventory("/devices?group=lab")).headers.at("X-Total-Count") == "1");
    BOOST_TEST(as_user("GET", below_inventory("/devices?group=other")).headers.at("X-Total-Count") == "0");
    BOOST_TEST(said("system").at("group").as_string() == "lab");
    BOOST_TEST(as_user("DELETE", group + "/other").status == 404U);
    BOOST_TEST(as_user("DELETE", group + "/lab").status == 204U);
    BOOST_TEST(body_of(as_user("GET", group)).at("group").is_null());
    BOOST_TEST(as_user("GET", below_inventory("/groups/lab/devices")).status == 404U);
}

BOOST_AUTO_TEST_CASE(several_devices_are_moved_at_once) {
    const auto other = id_of(accepted_device("02:00:00:00:00:02"));
    const auto members = below_inventory("/groups/lab/devices");
    const auto both = json::serialize(json::array{id, other, "unknown"});
    BOOST_TEST(body_of(as_user("PATCH", members, both)).at("updated_count").as_int64() == 2);
    BOOST_TEST(body_of(as_user("GET", members)).as_array().size() == 2U);
    BOOST_TEST(body_of(as_user("DELETE", members, json::serialize(json::array{other})))
                   .at("updated_count")
                   .as_int64() == 1);
    BOOST_TEST(body_of(as_user("GET", members)) == json::array{id});
    BOOST_TEST(as_user("PATCH", members, R"({"a":1})").status == 400U);
    BOOST_TEST(as_user("PATCH", below_inventory("/groups/a%20b/devices"), both).status == 400U);
    BOOST_TEST(as_user("PUT", below_inventory("/devices/unknown/group"), R"({"group":"lab"})").status ==
               404U);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace two_path::tests
