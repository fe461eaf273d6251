#include "tests/unit/plugin/host/host_world.hpp"

#include <boost/json/serialize.hpp>
#include <boost/test/unit_test.hpp>

#include <set>

namespace two_path::tests {
namespace {

const std::string filters_path = "/api/management/v2/inventory/filters";
const std::string devices_path = "/api/management/v1/inventory/devices";

/// Three devices: `1` and `2` of type board, `3` of type box and in the group lab.
struct Three : HostWorld {
    Three() {
        say(devices[0], R"([{"name":"device_type","value":"board"},{"name":"free","value":42},
                            {"name":"update_modules","value":["single-file","two-path"]}])");
        say(devices[1], R"([{"name":"device_type","value":"board"},{"name":"free","value":7}])");
        say(devices[2], R"([{"name":"device_type","value":"box"},{"name":"free","value":"unknown"}])");
        BOOST_REQUIRE_EQUAL(
            as_user("PUT", devices_path + "/" + ids[2] + "/group", R"({"group":"lab"})").status, 204U);
    }
    void say(const TestDevice& device, const std::string& body) {
        BOOST_REQUIRE_EQUAL(as(device.token, "PUT", attributes_path, body).status, 200U);
    }
    control::Response search(const std::string& body) {
        return as_user("POST", filters_path + "/search", body);
    }
    /// The numbers of the devices found, in order.
    std::string found(const std::string& body) {
        const auto answer = search(body);
        BOOST_REQUIRE_MESSAGE(answer.status == 200U, body + " " + answer.body);
        std::string numbers;
        const auto list = body_of(answer);
        for (const auto& device : list.as_array())
            for (std::size_t i = 0; i < ids.size(); ++i)
                if (device.at("id").as_string() == ids[i]) numbers += std::to_string(i + 1);
        return numbers;
    }
    std::string found_by(const std::string& scope, const std::string& attribute, const std::string& type,
                         const std::string& value) {
        return found(R"({"filters":[{"scope":")" + scope + R"(","attribute":")" + attribute +
                     R"(","type":")" + type + R"(","value":)" + value + "}]}");
    }

    std::vector<TestDevice> devices{accepted_device("02:00:00:00:00:01"),
                                    accepted_device("02:00:00:00:00:02"),
                                    accepted_device("02:00:00:00:00:03")};
    std::vector<std::string> ids{id_of(devices[0]), id_of(devices[1]), id_of(devices[2])};
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(embedded_host_search, Three)

BOOST_AUTO_TEST_CASE(devices_are_found_by_each_operator) {
    struct Row {
        const char* scope;
        const char* attribute;
        const char* type;
        const char* value;
        const char* devices;
    };
    const Row rows[] = {
        {"inventory", "device_type", "$eq", "\"board\"", "12"},
        {"inventory", "device_type", "$ne", "\"board\"", "3"},
        {"inventory", "device_type", "$in", R"(["box","crate"])", "3"},
        {"inventory", "device_type", "$nin", R"(["box","crate"])", "12"},
        {"inventory", "free", "$eq", "42", "1"},
        {"inventory", "free", "$gt", "7", "1"},
        {"inventory", "free", "$gte", "7", "12"},
        {"inventory", "free", "$lt", "42", "2"},
        {"inventory", "free", "$lte", "42", "12"},
        {"inventory", "free", "$gt", "\"a\"", "3"},
        {"inventory", "update_modules", "$in", R"(["two-path"])", "1"},
        {"inventory", "update_modules", "$eq", "\"single-file\"", "1"},
        {"inventory", "update_modules", "$ne", "\"two-path\"", "23"},
        {"inventory", "update_modules", "$exists", "true", "1"},
        {"inventory", "update_modules", "$exists", "false", "23"},
        {"inventory", "free", "$ltne", "42", "23"},
        {"tags", "device_type", "$eq", "\"board\"", ""},
        {"identity", "mac", "$eq", "\"02:00:00:00:00:02\"", "2"},
        {"identity", "status", "$eq", "\"accepted\"", "123"},
        {"identity", "status", "$eq", "\"pending\"", ""},
        {"system", "group", "$eq", "\"lab\"", "3"},
        {"system", "group", "$nin", R"(["lab"])", "12"},
        {"system", "group", "$nin", R"([""])", "123"},
        {"system", "created_ts", "$lte", "\"2027-01-15T08:00:00.000Z\"", "123"},
        {"system", "created_ts", "$gt", "\"2027-01-15T08:00:00.000Z\"", ""},
    };
    for (const auto& row : rows)
        BOOST_TEST(found_by(row.scope, row.attribute, row.type, row.value) == row.devices,
                   row.attribute << " " << row.type << " " << row.value);
}

BOOST_AUTO_TEST_CASE(filters_hold_together_and_a_text_is_looked_for_everywhere) {
    BOOST_TEST(found(R"({"filters":[
        {"scope":"inventory","attribute":"device_type","type":"$eq","value":"board"},
        {"scope":"inventory","attribute":"free","type":"$lt","value":10}]})") == "2");
    BOOST_TEST(found(R"({"text":"BOX"})") == "3");
    BOOST_TEST(found(R"({"text":"00:00:02"})") == "2");
    BOOST_TEST(found("{\"device_ids\":[\"" + ids[1] + "\",\"unknown\"]}") == "2");
    BOOST_TEST(found(R"({"filters":null,"sort":null,"attributes":null})") == "123");
}

BOOST_AUTO_TEST_CASE(what_is_found_is_sorted_and_paged) {
    const std::string by_type = R"("sort":[{"scope":"inventory","attribute":"device_type","order":"desc"},
                                           {"scope":"identity","attribute":"mac","order":"desc"}])";
    BOOST_TEST(found("{" + by_type + "}") == "321");
    BOOST_TEST(found("{" + by_type + R"(,"per_page":2,"page":2})") == "1");
    const auto answer = search("{" + by_type + R"(,"per_page":1,"page":2})");
    BOOST_TEST(answer.headers.at("X-Total-Count") == "3");
    const auto& link = answer.headers.at("Link");
    const auto page = [](int number, const std::string& relation) {
        return "page=" + std::to_string(number) + "&per_page=1>; rel=\"" + relation + "\"";
    };
    for (const auto& expected : {page(1, "first"), page(1, "prev"), page(3, "next"), page(3, "last")})
        BOOST_TEST(link.find(expected) != std::string::npos, link);
}

BOOST_AUTO_TEST_CASE(only_the_attributes_asked_for_are_shown) {
    const auto shown = body_of(search(R"({"attributes":[{"scope":"identity","attribute":"mac"},
                                                        {"scope":"inventory","attribute":"free"}]})"));
    for (const auto& device : shown.as_array()) {
        std::set<std::string> names;
        for (const auto& attribute : device.at("attributes").as_array())
            names.emplace(attribute.at("name").as_string());
        BOOST_TEST((names == std::set<std::string>{"free", "mac"}));
    }
}

BOOST_AUTO_TEST_CASE(what_is_malformed_or_not_served_is_refused) {
    for (const std::string wrong :
         {"[]", R"({"page":0})", R"({"per_page":501})", R"({"filters":{}})", R"({"filters":[1]})",
          R"({"filters":[{"scope":"inventory","attribute":"x","type":"$eq"}]})",
          R"({"filters":[{"scope":"inventory","attribute":"x","type":"$in","value":"y"}]})",
          R"({"filters":[{"scope":"inventory","attribute":"x","type":"$exists","value":"y"}]})",
          R"({"filters":[{"scope":"inventory","attribute":"x","type":"$regex","value":"(a+)+$"}]})",
          R"({"sort":[{"scope":"inventory","attribute":"x","order":"up"}]})", R"({"sort":[{},{},{}]})"})
        BOOST_TEST(search(wrong).status == 400U, wrong);
    BOOST_TEST(as(devices[0].token, "POST", filters_path + "/search", "{}").status == 401U);
}

BOOST_AUTO_TEST_CASE(the_names_to_filter_by_are_told_the_commonest_first) {
    const auto all = body_of(as_user("GET", filters_path + "/attributes")).as_array();
    std::int64_t before = 1'000'000;
    bool has_modules = false;
    for (const auto& one : all) {
        BOOST_TEST(one.at("count").as_int64() <= before);
        before = one.at("count").as_int64();
        if (one.at("name").as_string() == "update_modules") {
            has_modules = true;
            BOOST_TEST(one.at("scope").as_string() == "inventory");
            BOOST_TEST(before == 1);
        }
    }
    BOOST_TEST(has_modules);
}

BOOST_AUTO_TEST_CASE(operators_tag_devices_and_do_not_overwrite_each_other) {
    const auto device = devices_path + "/" + ids[0];
    const auto before = as_user("GET", device).headers.at("ETag");
    const auto change = [&](const std::string& method, const std::string& body, const std::string& if_match) {
        return call(method, device + "/tags", body,
                    {{"Authorization", "Bearer " + user_token()}, {"If-Match", if_match}});
    };
    const auto put =
        change("PUT", R"([{"name":"site","value":"north","description":"where it stands"}])", before);
    BOOST_TEST(put.status == 200U);
    BOOST_TEST(found_by("tags", "site", "$eq", "\"north\"") == "1");
    BOOST_TEST(change("PUT", "[]", before).status == 412U);
    BOOST_TEST(change("PATCH", R"([{"name":"rack","value":"7"}])", put.headers.at("ETag")).status == 200U);
    BOOST_TEST(found_by("tags", "site", "$eq", "\"north\"") == "1");
    BOOST_TEST(found_by("tags", "rack", "$eq", "\"7\"") == "1");
    say(devices[0], "[]"); // what the device says leaves what operators say
    BOOST_TEST(found_by("tags", "rack", "$exists", "true") == "1");
    BOOST_TEST(as_user("PUT", device + "/tags", "[]").status == 200U);
    BOOST_TEST(found_by("tags", "rack", "$exists", "true").empty());
    json::array many;
    for (int i = 0; i < 21; ++i)
        many.push_back(json::object{{"name", std::to_string(i)}, {"value", "x"}});
    BOOST_TEST(as_user("PUT", device + "/tags", json::serialize(many)).status == 400U);
    BOOST_TEST(as_user("PUT", devices_path + "/unknown/tags", "[]").status == 404U);
}

BOOST_AUTO_TEST_CASE(devices_are_searched_by_status_and_id) {
    const std::string search_path = std::string(devauth) + "/search";
    const auto total = [&](const std::string& body) {
        return as_user("POST", search_path, body).headers.at("X-Total-Count");
    };
    BOOST_TEST(total("{}") == "3");
    BOOST_TEST(total(R"({"status":"accepted"})") == "3");
    BOOST_TEST(total(R"({"status":["pending","rejected"]})") == "0");
    BOOST_TEST(total("{\"id\":[\"" + ids[0] + "\",\"" + ids[2] + "\"]}") == "2");
    BOOST_TEST(as_user("POST", search_path, R"({"status":"odd"})").status == 400U);
    BOOST_TEST(
        body_of(as_user("GET", "/api/management/v2/devauth/limits/max_devices")).at("limit").as_int64() == 0);
}

BOOST_AUTO_TEST_CASE(a_device_whose_key_is_forgotten_or_token_revoked_has_to_ask_again) {
    const auto shown = body_of(as_user("GET", std::string(devauth) + "/" + ids[0]));
    const std::string key(shown.at("auth_sets").at(0).at("id").as_string());
    const auto one = std::string(devauth) + "/" + ids[0] + "/auth/" + key;
    BOOST_TEST(as_user("DELETE", std::string(devauth) + "/" + ids[1] + "/auth/" + key).status == 404U);
    BOOST_TEST(as_user("DELETE", one).status == 204U);
    BOOST_TEST(as(devices[0].token, "PUT", attributes_path, "[]").status == 401U);
    BOOST_TEST(devices[0].authenticate(*this).status == 401U); // known, so the operator decides

    const auto part = devices[1].token.substr(devices[1].token.find('.') + 1);
    const auto claims = from_base64url(part.substr(0, part.find('.'))).value();
    const auto id = json::parse(std::string(claims.begin(), claims.end())).at("jti").as_string();
    const auto token = std::string("/api/management/v2/devauth/tokens/") + std::string(id);
    BOOST_TEST(as_user("DELETE", token).status == 204U);
    BOOST_TEST(as_user("DELETE", token).status == 404U);
    BOOST_TEST(as(devices[1].token, "PUT", attributes_path, "[]").status == 401U);
    BOOST_TEST(devices[1].authenticate(*this).status == 200U);
    BOOST_TEST(as(devices[1].token, "PUT", attributes_path, "[]").status == 200U);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace two_path::tests
