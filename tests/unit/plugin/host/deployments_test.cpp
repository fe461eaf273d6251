#include "tests/unit/plugin/host/host_world.hpp"

#include <boost/test/unit_test.hpp>

namespace two_path::tests {
namespace {

std::string path_of(const std::string& id) {
    return std::string(deployments_path) + "/" + id;
}

std::string device_path(const std::string& deployment, const std::string& what) {
    return "/api/devices/v1/deployments/device/deployments/" + deployment + "/" + what;
}

control::Response ask(HostWorld& world, const TestDevice& device,
                      const std::string& artifact_name = "release-1") {
    return world.as(device.token, "POST", next_v2, provides(artifact_name));
}

unsigned report(HostWorld& world, const TestDevice& device, const std::string& deployment,
                const std::string& status) {
    return world
        .as(device.token, "PUT", device_path(deployment, "status"), R"({"status":")" + status + R"("})")
        .status;
}

json::value shown(HostWorld& world, const std::string& deployment) {
    return body_of(world.as_user("GET", path_of(deployment)));
}

std::string status_of(HostWorld& world, const std::string& deployment) {
    return std::string(shown(world, deployment).at("status").as_string());
}

std::int64_t counted(HostWorld& world, const std::string& deployment, std::string_view status) {
    return body_of(world.as_user("GET", path_of(deployment) + "/statistics")).at(status).as_int64();
}

std::string order(std::string_view artifact, json::object more) {
    more["name"] = "some";
    more["artifact_name"] = artifact;
    return json::serialize(more);
}

struct Fleet : HostWorld {
    TestDevice device{accepted_device()};
    std::string artifact{add_artifact("release-2")};
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(embedded_host_deployments, Fleet)

BOOST_AUTO_TEST_CASE(a_device_is_told_updates_and_reports_success) {
    BOOST_TEST(ask(*this, device).status == 204U);
    const auto deployment = deploy("release-2");
    BOOST_TEST(status_of(*this, deployment) == "pending");
    const auto told = ask(*this, device);
    BOOST_REQUIRE_EQUAL(told.status, 200U);
    const auto body = body_of(told);
    BOOST_TEST(body.at("id").as_string() == deployment);
    BOOST_TEST(body.at("artifact").at("artifact_name").as_string() == "release-2");
    BOOST_TEST(body.at("artifact").at("device_types_compatible") == json::array{"board"});
    const std::string uri(body.at("artifact").at("source").at("uri").as_string());
    const auto path = uri.substr(uri.find("/api/"));
    BOOST_TEST((bytes_of_answer(call("GET", path)) == artifact_bytes("release-2", "board")));

    for (const std::string status : {"downloading", "downloading", "installing", "rebooting", "installing"})
        BOOST_TEST(report(*this, device, deployment, status) == 204U, status);
    BOOST_TEST(status_of(*this, deployment) == "inprogress");
    BOOST_TEST(counted(*this, deployment, "installing") == 1);
    BOOST_TEST(report(*this, device, deployment, "success") == 204U);
    BOOST_TEST(status_of(*this, deployment) == "finished");
    BOOST_TEST(shown(*this, deployment).at("statistics").at("status").at("success").as_int64() == 1);
    BOOST_TEST(ask(*this, device, "release-2").status == 204U);
    BOOST_TEST(report(*this, device, deployment, "failure") == 204U);
    BOOST_TEST(counted(*this, deployment, "success") == 1);
}

BOOST_AUTO_TEST_CASE(older_clients_ask_in_their_own_ways) {
    const auto deployment = deploy("release-2");
    const auto by_query =
        as(device.token, "GET", std::string(next_v1) + "?artifact_name=release-1&device_type=board");
    BOOST_TEST(body_of(by_query).at("id").as_string() == deployment);
    const auto flat =
        as(device.token, "POST", next_v1, R"({"artifact_name":"release-1","device_type":"board"})");
    BOOST_TEST(body_of(flat).at("id").as_string() == deployment);
    BOOST_TEST(as(device.token, "GET", next_v1).status == 400U);
    BOOST_TEST(as(device.token, "POST", next_v1, "{}").status == 400U);
    BOOST_TEST(as(device.token, "POST", next_v2, "{}").status == 400U);
}

BOOST_AUTO_TEST_CASE(what_the_device_runs_already_is_not_installed_again_unless_forced) {
    const auto deployment = deploy("release-2");
    BOOST_TEST(ask(*this, device, "release-2").status == 204U);
    BOOST_TEST(counted(*this, deployment, "already-installed") == 1);
    BOOST_TEST(status_of(*this, deployment) == "finished");
    deploy("release-2", true);
    BOOST_TEST(ask(*this, device, "release-2").status == 200U);
}

BOOST_AUTO_TEST_CASE(a_device_of_another_type_gets_nothing_and_the_next_deployment) {
    const auto first = deploy("release-2");
    add_artifact("release-3", "other");
    const auto second = deploy("release-3");
    const auto told = as(device.token, "POST", next_v2, provides("release-1", "other"));
    BOOST_TEST(body_of(told).at("id").as_string() == second);
    BOOST_TEST(counted(*this, first, "noartifact") == 1);
    BOOST_TEST(status_of(*this, first) == "finished");
}

BOOST_AUTO_TEST_CASE(deployments_are_taken_oldest_first) {
    add_artifact("release-3");
    const auto first = deploy("release-2");
    const auto second = deploy("release-3");
    BOOST_TEST(body_of(ask(*this, device)).at("id").as_string() == first);
    report(*this, device, first, "failure");
    BOOST_TEST(body_of(ask(*this, device)).at("id").as_string() == second);
}

BOOST_AUTO_TEST_CASE(what_two_path_may_not_begin_yet_stays_pending_and_goes_on_once_begun) {
    std::string allowed = "none";
    settings().may_begin = [&](const std::string& group) { return group == allowed; };
    restart();
    add_artifact("app-2", "board", "two-path");
    const auto plain = deploy("release-2");
    BOOST_TEST(body_of(ask(*this, device)).at("id").as_string() == plain);
    report(*this, device, plain, "success");

    const auto held = deploy("app-2");
    add_artifact("release-3");
    const auto after = deploy("release-3");
    BOOST_TEST(ask(*this, device, "release-2").status == 204U);
    BOOST_TEST(status_of(*this, held) == "pending");
    as_user("PUT", "/api/management/v1/inventory/devices/" + id_of(device) + "/group", R"({"group":"lab"})");
    allowed = "lab";
    BOOST_TEST(body_of(ask(*this, device, "release-2")).at("id").as_string() == held);
    allowed = "none";
    BOOST_TEST(body_of(ask(*this, device, "release-2")).at("id").as_string() == held);
    report(*this, device, held, "success");
    BOOST_TEST(body_of(ask(*this, device, "app-2")).at("id").as_string() == after);
}

BOOST_AUTO_TEST_CASE(a_device_that_says_something_else_than_before_is_not_failed) {
    const auto deployment = deploy("release-2");
    BOOST_TEST(ask(*this, device, "release-1").status == 200U);
    report(*this, device, deployment, "downloading");
    BOOST_TEST(ask(*this, device, "release-0").status == 200U);
    BOOST_TEST(counted(*this, deployment, "downloading") == 1);
    // The update was committed, but the report of it was lost.
    BOOST_TEST(ask(*this, device, "release-2").status == 204U);
    BOOST_TEST(counted(*this, deployment, "already-installed") == 1);
    BOOST_TEST(report(*this, device, deployment, "success") == 204U);
}

BOOST_AUTO_TEST_CASE(an_aborted_deployment_is_told_to_the_device_and_to_the_plugin) {
    const auto deployment = deploy("release-2");
    ask(*this, device);
    report(*this, device, deployment, "downloading");
    const std::vector<host::DeviceDeployment> running{{deployment, id_of(device)},
                                                      {"unknown", id_of(device)}};
    BOOST_REQUIRE_EQUAL(run(host().ended({running[0]})).value().size(), 0U);
    const auto abort = [&] {
        return as_user("PUT", path_of(deployment) + "/status", R"({"status":"aborted"})").status;
    };
    BOOST_TEST(as_user("PUT", path_of(deployment) + "/status", R"({"status":"finished"})").status == 400U);
    BOOST_TEST(abort() == 204U);
    BOOST_TEST(abort() == 422U);
    BOOST_TEST(status_of(*this, deployment) == "finished");
    BOOST_TEST(report(*this, device, deployment, "installing") == 409U);
    BOOST_TEST(ask(*this, device).status == 204U);
    BOOST_TEST(run(host().ended(running)).value().size() == 2U);
    BOOST_TEST(!run(host().active_deployment(id_of(device))).value());
}

BOOST_AUTO_TEST_CASE(a_decommissioned_device_ends_its_part_and_the_deployment) {
    const auto other = accepted_device("02:00:00:00:00:02");
    const auto deployment = deploy("release-2");
    const auto id = id_of(device);
    ask(*this, other);
    report(*this, other, deployment, "success");
    BOOST_TEST(status_of(*this, deployment) == "inprogress");
    as_user("DELETE", std::string(devauth) + "/" + id);
    BOOST_TEST(counted(*this, deployment, "decommissioned") == 1);
    BOOST_TEST(status_of(*this, deployment) == "finished");
    const std::vector<host::DeviceDeployment> asked{{deployment, id}, {deployment, id_of(other)}};
    const auto over = run(host().ended(asked)).value();
    BOOST_REQUIRE_EQUAL(over.size(), 1U);
    BOOST_TEST(over[0].part.device == id);
    BOOST_TEST(over[0].why == "the device was decommissioned");
}

BOOST_AUTO_TEST_CASE(a_device_that_is_accepted_no_more_ends_its_part_until_it_is_accepted_again) {
    const auto other = accepted_device("02:00:00:00:00:02");
    const auto deployment = deploy("release-2");
    ask(*this, device);
    const std::vector<host::DeviceDeployment> asked{{deployment, id_of(device)}, {deployment, id_of(other)}};
    const auto decide = [&](const std::string& status) {
        const auto path = std::string(devauth) + "/" + id_of(device);
        const auto set = body_of(as_user("GET", path)).at("auth_sets").at(0).at("id").as_string();
        return as_user("PUT", path + "/auth/" + std::string(set) + "/status",
                       json::serialize(json::object{{"status", status}}))
            .status;
    };
    BOOST_TEST(run(host().ended(asked)).value().empty());
    BOOST_TEST(decide("rejected") == 204U);
    const auto over = run(host().ended(asked)).value();
    BOOST_REQUIRE_EQUAL(over.size(), 1U);
    BOOST_TEST(over[0].part.device == id_of(device));
    BOOST_TEST(over[0].why == "the device is not accepted any more");
    BOOST_TEST(decide("accepted") == 204U);
    BOOST_TEST(run(host().ended(asked)).value().empty());
}

BOOST_AUTO_TEST_CASE(the_active_deployment_is_what_the_device_was_told) {
    const auto id = id_of(device);
    BOOST_TEST(!run(host().active_deployment(id)).value());
    const auto deployment = deploy("release-2");
    BOOST_TEST(!run(host().active_deployment(id)).value());
    ask(*this, device);
    const auto active = run(host().active_deployment(id)).value();
    BOOST_REQUIRE(active);
    BOOST_TEST(active->id == deployment);
    BOOST_TEST(active->artifact_name == "release-2");
    BOOST_REQUIRE_EQUAL(active->files.size(), 1U);
    BOOST_TEST(active->files[0].name == "app");
    BOOST_TEST(active->files[0].sha256 == sha256_hex("content of release-2"));
    report(*this, device, deployment, "success");
    BOOST_TEST(!run(host().active_deployment(id)).value());
}

BOOST_AUTO_TEST_CASE(statuses_are_those_of_devices_for_their_own_deployments) {
    const auto deployment = deploy("release-2");
    const auto stranger = accepted_device("02:00:00:00:00:02");
    BOOST_TEST(report(*this, stranger, deployment, "success") == 404U);
    BOOST_TEST(report(*this, device, "unknown", "success") == 404U);
    for (const std::string wrong : {"aborted", "decommissioned", "noartifact", "pending", "odd", ""})
        BOOST_TEST(report(*this, device, deployment, wrong) == 400U, wrong);
    const auto body = R"({"status":"installing","substate":")" + std::string(300, 's') + R"("})";
    BOOST_TEST(as(device.token, "PUT", device_path(deployment, "status"), body).status == 204U);
    const auto listed = body_of(as_user("GET", path_of(deployment) + "/devices/list"));
    BOOST_TEST(listed.at(0).at("substate").as_string().size() == 200U);
}

BOOST_AUTO_TEST_CASE(a_failed_devices_log_is_kept_for_the_operator) {
    const auto deployment = deploy("release-2");
    ask(*this, device);
    const auto path = path_of(deployment) + "/devices/" + id_of(device) + "/log";
    BOOST_TEST(as_user("GET", path).status == 404U);
    const std::string log =
        R"({"messages":[{"timestamp":"2027-01-15T08:00:00Z","level":"error","message":"no room"}]})";
    BOOST_TEST(as(device.token, "PUT", device_path(deployment, "log"), log).status == 204U);
    BOOST_TEST(as_user("GET", path).body == "2027-01-15T08:00:00Z error: no room\n");
    BOOST_TEST(body_of(as_user("GET", path_of(deployment) + "/devices/list")).at(0).at("log").as_bool());
    for (const std::string wrong :
         {R"({"messages":[]})", R"({"messages":[1]})", R"({"messages":[{}]})", "{}"})
        BOOST_TEST(as(device.token, "PUT", device_path(deployment, "log"), wrong).status == 400U, wrong);
    BOOST_TEST(
        as(device.token, "PUT", device_path(deployment, "log"), std::string(1024 * 1024 + 1, ' ')).status ==
        413U);
    BOOST_TEST(as_user("GET", path).body == "2027-01-15T08:00:00Z error: no room\n");
}

BOOST_AUTO_TEST_CASE(orders_that_make_no_sense_are_refused) {
    const auto create = [&](const std::string& body) {
        return as_user("POST", deployments_path, body).status;
    };
    const json::array known{id_of(device)};
    BOOST_TEST(create(order("release-2", {})) == 400U);
    BOOST_TEST(create(order("release-2", {{"devices", json::array()}})) == 400U);
    BOOST_TEST(create(order("release-2", {{"devices", known}, {"all_devices", true}})) == 400U);
    BOOST_TEST(create(order("release-2", {{"devices", json::array{"unknown"}}})) == 400U);
    BOOST_TEST(create(order("", {{"devices", known}})) == 400U);
    BOOST_TEST(create(order("release-9", {{"devices", known}})) == 422U);
    BOOST_TEST(create("[]") == 400U);
    BOOST_TEST(create(order("release-2", {{"devices", known}})) == 201U);
    BOOST_TEST(create(order("release-2", {{"devices", known}})) == 409U);
    BOOST_TEST(body_of(as_user("GET", deployments_path)).as_array().size() == 1U);
}

BOOST_AUTO_TEST_CASE(a_group_is_deployed_to_as_it_is_now) {
    const auto other = accepted_device("02:00:00:00:00:02");
    const std::string to_group = path_of("group/lab");
    BOOST_TEST(as_user("POST", to_group, order("release-2", {})).status == 400U);
    const auto group = "/api/management/v1/inventory/devices/" + id_of(other) + "/group";
    BOOST_TEST(as_user("PUT", group, R"({"group":"lab"})").status == 204U);
    const auto created = as_user("POST", to_group, order("release-2", {}));
    BOOST_REQUIRE_EQUAL(created.status, 201U);
    const auto id = id_in_location(created);
    BOOST_TEST(shown(*this, id).at("groups") == json::array{"lab"});
    BOOST_TEST(body_of(as_user("GET", path_of(id) + "/device_list")) == json::array{id_of(other)});
    BOOST_TEST(ask(*this, device).status == 204U);
    BOOST_TEST(ask(*this, other).status == 200U);
}

BOOST_AUTO_TEST_CASE(deployments_are_listed_filtered_and_paged) {
    add_artifact("release-3");
    const auto first = deploy("release-2");
    const auto second = deploy("release-3");
    ask(*this, device);
    const auto ids = [&](const std::string& query) {
        std::vector<std::string> found;
        const auto list = body_of(as_user("GET", std::string(deployments_path) + query));
        for (const auto& entry : list.as_array())
            found.emplace_back(entry.at("id").as_string());
        return found;
    };
    using Ids = std::vector<std::string>;
    BOOST_TEST(ids("") == (Ids{second, first}));
    BOOST_TEST(ids("?sort=asc") == (Ids{first, second}));
    BOOST_TEST(ids("?per_page=1&page=2") == Ids{first});
    BOOST_TEST(ids("?search=release-3") == Ids{second});
    report(*this, device, first, "downloading");
    BOOST_TEST(ids("?status=inprogress") == Ids{first});
    BOOST_TEST(ids("?status=pending") == Ids{second});
    report(*this, device, first, "success");
    BOOST_TEST(ids("?status=finished") == Ids{first});
    BOOST_TEST(as_user("GET", std::string(deployments_path) + "?status=odd").status == 400U);
    const auto history = as_user("GET", path_of("devices/" + id_of(device)) + "?status=active");
    BOOST_TEST(history.headers.at("X-Total-Count") == "1");
    BOOST_TEST(body_of(history).at(0).at("id").as_string() == second);
    BOOST_TEST(as_user("GET", path_of("unknown")).status == 404U);
}

BOOST_AUTO_TEST_CASE(everything_survives_a_restart) {
    const auto deployment = deploy("release-2");
    ask(*this, device);
    report(*this, device, deployment, "downloading");
    const auto before = shown(*this, deployment);
    restart();
    BOOST_TEST(shown(*this, deployment) == before);
    BOOST_TEST(run(host().active_deployment(id_of(device))).value()->id == deployment);
    BOOST_TEST(report(*this, device, deployment, "success") == 204U);
    BOOST_TEST(body_of(as_user("GET", artifacts_path)).at(0).at("id").as_string() == artifact);
}

BOOST_AUTO_TEST_CASE(what_ended_long_ago_is_forgotten_with_its_logs_and_nothing_else) {
    const auto rows = [this](const std::string& table) {
        auto query = database().query("SELECT count(*) FROM " + table);
        BOOST_REQUIRE(query.next());
        return query.number(0);
    };
    std::vector<std::string> old;
    for (int i = 0; i < 30; ++i) {
        old.push_back(deploy("release-2", true));
        BOOST_TEST(ask(*this, device).status == 200U);
        report(*this, device, old.back(), "failure");
        const std::string log =
            R"({"messages":[{"timestamp":"2027-01-15T08:00:00Z","level":"info","message":"one"}]})";
        BOOST_REQUIRE_EQUAL(as(device.token, "PUT", device_path(old.back(), "log"), log).status, 204U);
    }
    time.pass(std::chrono::hours(1));
    const auto limit = time.unix_time;
    const auto fresh = deploy("release-2", true);
    ask(*this, device);
    report(*this, device, fresh, "failure");
    const auto open = deploy("release-2", true);
    BOOST_TEST(rows("deployment_logs") == 30);

    int rounds = 1;
    while (embedded_host().forget_deployments(limit))
        ++rounds;
    BOOST_TEST(rounds == 2);
    BOOST_TEST(rows("deployment_logs") == 0);
    BOOST_TEST(rows("device_deployments") == 2);
    BOOST_TEST(rows("deployments") == 2);
    for (const auto& one_id : {fresh, open})
        BOOST_TEST(as_user("GET", path_of(one_id)).status == 200U);
    BOOST_TEST(as_user("GET", path_of(old.front())).status == 404U);
    time.pass(std::chrono::hours(24 * 4000));
    BOOST_TEST(!embedded_host().forget_deployments(time.unix_time));
    BOOST_TEST(rows("deployments") == 1); // it has not ended
    BOOST_TEST(rows("device_deployments") == 1);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace two_path::tests
