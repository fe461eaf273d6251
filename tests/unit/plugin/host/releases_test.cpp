#include "tests/unit/plugin/host/host_world.hpp"

#include <boost/json/serialize.hpp>
#include <boost/test/unit_test.hpp>

namespace two_path::tests {
namespace {

const std::string releases = "/api/management/v2/deployments/deployments/releases";
const std::string v2 = "/api/management/v2/deployments";

struct Releases : HostWorld {
    Releases() {
        add_artifact("beta", "board");
        time.pass(std::chrono::seconds(1));
        add_artifact("alpha", "board");
        time.pass(std::chrono::seconds(1));
        add_artifact("beta", "box", "two-path");
    }
    std::string names(const std::string& query) {
        const auto answer = as_user("GET", releases + query);
        BOOST_REQUIRE_MESSAGE(answer.status == 200U, query + " " + answer.body);
        std::string all;
        const auto list = body_of(answer);
        for (const auto& release : list.as_array())
            all += std::string(release.at("name").as_string()) + " ";
        return all;
    }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(embedded_host_releases, Releases)

BOOST_AUTO_TEST_CASE(releases_are_filtered_sorted_and_paged) {
    BOOST_TEST(names("") == "alpha beta ");
    BOOST_TEST(names("?sort=name:desc") == "beta alpha ");
    BOOST_TEST(names("?sort=modified:desc") == "beta alpha ");
    BOOST_TEST(names("?sort=modified:asc") == "alpha beta ");
    BOOST_TEST(names("?sort=artifacts_count:asc") == "alpha beta ");
    BOOST_TEST(names("?name=LPH") == "alpha ");
    BOOST_TEST(names("?update_type=two-path") == "beta ");
    BOOST_TEST(names("?per_page=1&page=2") == "beta ");
    BOOST_TEST(as_user("GET", releases + "?sort=name;--").status == 400U);
    const auto link = as_user("GET", releases + "?per_page=1&name=a%26b").headers.at("Link");
    BOOST_TEST(link.find("<" + releases + "?name=a%26b&page=1&per_page=1>; rel=\"first\"") == 0U, link);
}

BOOST_AUTO_TEST_CASE(operators_tag_a_release_and_write_notes) {
    BOOST_TEST(as_user("PUT", releases + "/beta/tags", R"(["two-path","stable","stable"])").status == 204U);
    BOOST_TEST(as_user("PUT", releases + "/alpha/tags", R"(["old"])").status == 204U);
    BOOST_TEST(as_user("PATCH", releases + "/beta", R"({"notes":"mind the step"})").status == 204U);
    restart();
    const auto beta = body_of(as_user("GET", releases + "/beta"));
    BOOST_TEST(beta.at("tags") == (json::array{"stable", "two-path"}));
    BOOST_TEST(beta.at("notes").as_string() == "mind the step");
    BOOST_TEST(beta.at("artifacts_count").to_number<int>() == 2);
    BOOST_TEST(names("?tag=two-path&tag=other") == "beta ");
    BOOST_TEST(names("?sort=tags:desc") == "beta alpha ");
    BOOST_TEST(body_of(as_user("GET", v2 + "/releases/all/tags")) ==
               (json::array{"old", "stable", "two-path"}));
    BOOST_TEST(body_of(as_user("GET", v2 + "/releases/all/types")) ==
               (json::array{"single-file", "two-path"}));
    BOOST_TEST(as_user("PUT", releases + "/beta/tags", "[]").status == 204U);
    BOOST_TEST(names("?tag=two-path").empty());
}

BOOST_AUTO_TEST_CASE(what_cannot_be_said_of_a_release_is_refused) {
    BOOST_TEST(as_user("PUT", releases + "/gamma/tags", "[]").status == 404U);
    BOOST_TEST(as_user("PATCH", releases + "/gamma", R"({"notes":""})").status == 404U);
    BOOST_TEST(
        as_user("PATCH", releases + "/beta", R"({"notes":")" + std::string(1025, 'n') + "\"}").status ==
        400U);
    for (const std::string wrong : {"{}", "[1]", "[\"\"]", "[\"a\\nb\"]"})
        BOOST_TEST(as_user("PUT", releases + "/beta/tags", wrong).status == 400U, wrong);
    json::array many;
    for (int i = 0; i < 21; ++i)
        many.emplace_back(std::to_string(i));
    BOOST_TEST(as_user("PUT", releases + "/beta/tags", json::serialize(many)).status == 400U);
    BOOST_TEST(body_of(as_user("GET", releases + "/beta")).at("tags").as_array().empty());
}

BOOST_AUTO_TEST_CASE(a_release_goes_with_all_its_artifacts_unless_it_is_being_deployed) {
    as_user("PUT", releases + "/beta/tags", R"(["stable"])");
    accepted_device();
    const auto deployment = deploy("beta");
    BOOST_TEST(as_user("DELETE", releases + "?name=alpha&name=beta").status == 409U);
    BOOST_TEST(names("") == "alpha beta ");
    BOOST_TEST(as_user("PUT", std::string(deployments_path) + "/" + deployment + "/status",
                       R"({"status":"aborted"})")
                   .status == 204U);
    BOOST_TEST(as_user("DELETE", releases + "?name=beta").status == 204U);
    BOOST_TEST(names("") == "alpha ");
    BOOST_TEST(as_user("DELETE", releases).status == 400U);
    add_artifact("beta", "board");
    BOOST_TEST(body_of(as_user("GET", releases + "/beta")).at("tags").as_array().empty());
}

BOOST_AUTO_TEST_CASE(of_several_releases_all_go_or_none) {
    database()
        .query("CREATE TRIGGER stuck BEFORE DELETE ON artifacts WHEN old.name = 'beta' "
               "BEGIN SELECT raise(ABORT, 'it is stuck'); END")
        .run();
    BOOST_CHECK_THROW(as_user("DELETE", releases + "?name=alpha&name=beta"), std::runtime_error);
    BOOST_TEST(names("") == "alpha beta ");
    database().query("DROP TRIGGER stuck").run();
    BOOST_TEST(as_user("DELETE", releases + "?name=alpha&name=beta&name=alpha").status == 204U);
    BOOST_TEST(names("").empty());
}

BOOST_AUTO_TEST_CASE(artifacts_are_filtered_and_described) {
    const auto count = [&](const std::string& query) {
        return as_user("GET", v2 + "/artifacts" + query).headers.at("X-Total-Count");
    };
    BOOST_TEST(count("") == "3");
    BOOST_TEST(count("?name=beta") == "2");
    BOOST_TEST(count("?name=be*&name=alpha") == "3");
    BOOST_TEST(count("?name=be") == "0");
    BOOST_TEST(count("?device_type=box") == "1");
    const auto list = body_of(as_user("GET", std::string(artifacts_path) + "?name=alpha"));
    const auto one = std::string(artifacts_path) + "/" + std::string(list.at(0).at("id").as_string());
    BOOST_TEST(as_user("PUT", one, R"({"description":"for the North"})").status == 204U);
    BOOST_TEST(body_of(as_user("GET", one)).at("description").as_string() == "for the North");
    BOOST_TEST(count("?description=north") == "1");
    BOOST_TEST(as_user("PUT", one, "{}").status == 400U);
    BOOST_TEST(as_user("PUT", std::string(artifacts_path) + "/unknown", R"({"description":""})").status ==
               404U);
}

BOOST_AUTO_TEST_CASE(deployments_are_filtered_by_time_name_and_id) {
    const auto device = accepted_device();
    const auto first = deploy("alpha"); // at 08:00:02
    time.pass(std::chrono::seconds(10));
    const auto second = deploy("beta");
    const std::string all(deployments_path);
    const auto ids = [&](const std::string& path) {
        std::vector<std::string> found;
        const auto list = body_of(as_user("GET", path));
        for (const auto& one : list.as_array())
            found.emplace_back(one.at("id").as_string());
        return found;
    };
    using List = std::vector<std::string>;
    BOOST_TEST((ids(all + "?sort=asc") == List{first, second}));
    BOOST_TEST((ids(all + "?created_after=1800000003") == List{second}));
    BOOST_TEST((ids(all + "?created_before=1800000002") == List{first}));
    BOOST_TEST((ids(all + "?type=software&search=alp") == List{first}));
    BOOST_TEST(ids(all + "?type=configuration").empty());
    BOOST_TEST((ids(v2 + "/deployments?id=" + first + "&id=unknown") == List{first}));
    BOOST_TEST(as_user("GET", all + "?created_after=yesterday").status == 400U);
    const auto many = as_user("POST", all + "/statistics/list",
                              "{\"deployment_ids\":[\"" + first + "\",\"unknown\",\"" + second + "\"]}");
    const auto shown = body_of(many).as_array();
    BOOST_REQUIRE_EQUAL(shown.size(), 2U);
    BOOST_TEST(shown[0].at("id").as_string() == first);
    BOOST_TEST(shown[0].at("stats").at("pending").to_number<int>() == 1);
    BOOST_TEST(as_user("POST", all + "/statistics/list", "{}").status == 400U);

    BOOST_TEST(as_user("DELETE", all + "/devices/" + id_of(device)).status == 204U);
    BOOST_TEST((ids(all + "?status=finished&sort=asc") == List{first, second}));
    BOOST_TEST(as_user("DELETE", all + "/devices/unknown").status == 404U);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace two_path::tests
