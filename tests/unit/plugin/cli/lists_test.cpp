#include "fake_server.hpp"
#include "plugin/cli/print.hpp"
#include "plugin/cli/server.hpp"

#include <boost/test/unit_test.hpp>

#include <cstdlib>
#include <ctime>

namespace two_path::tests {
namespace {

const std::string device_page = "GET /api/management/v2/devauth/devices?page=1&per_page=100";
const std::string orders = "/api/management/v1/deployments/deployments";
const std::string refused =
    R"({"error":"x","reason":"bad_request","detail":"refused for its own reasons","request_id":"1"})";

const std::string two_devices =
    R"([{"id":"aaaa-1","status":"accepted","identity_data":{"mac":"00:01"},"check_in_time":"2026-01-31T23:59:59Z",)"
    R"("auth_sets":[{"id":"old","ts":"2025-01-01T00:00:00Z"},{"id":"new","ts":"2026-01-01T00:00:00Z"}]},)"
    R"({"id":"aabb-2","status":"pending","identity_data":{"mac":"00:02"},"auth_sets":[{"id":"s2","ts":"x"}]}])";

std::string session(const std::string& state, const std::string& more = {}) {
    return R"({"id":"S","device":"aaaa-1","deployment":"D","release":"app-2.0","version":"2.0","state":")" +
           state +
           R"(","opened":"2026-01-31T10:00:00.000Z","changed":"2026-01-31T10:00:01.000Z","device_version":"1.0",)"
           R"("total":4194304,"sent":1048576)" +
           more + "}";
}

/// The time zone of a test, so that local times are known.
struct InBerlin : Operator {
    std::string before{std::getenv("TZ") != nullptr ? std::getenv("TZ") : ""};
    InBerlin() {
        zone("CET-1");
        logged_in();
    }
    ~InBerlin() { zone(before.empty() ? "UTC" : before.c_str()); }
    static void zone(const char* name) {
        ::setenv("TZ", name, 1);
        ::tzset();
    }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(lists, InBerlin)

BOOST_AUTO_TEST_CASE(sizes_and_times_are_for_people) {
    BOOST_TEST(cli::human_size(0) == "0 B");
    BOOST_TEST(cli::human_size(1023) == "1023 B");
    BOOST_TEST(cli::human_size(1536) == "1.5 KiB");
    BOOST_TEST(cli::human_size(256ULL << 20U) == "256.0 MiB");
    BOOST_TEST(cli::human_size(~0ULL) == "16384.0 PiB");
    BOOST_TEST(cli::local_time("2026-01-31T23:30:00.125Z") == "2026-02-01 00:30:00");
    BOOST_TEST(cli::local_time("soon") == "soon");
    BOOST_TEST(cli::local_time("") == "");
    BOOST_TEST(cli::counted(1, "device") == "1 device");
    BOOST_TEST(cli::counted(2, "device") == "2 devices");
}

BOOST_AUTO_TEST_CASE(devices_are_listed_in_columns) {
    server.answer(device_page, {200, two_devices, {}});
    BOOST_TEST(run({"devices"}) == 0);
    BOOST_TEST(out.str() == "DEVICE  STATUS    IDENTITY   LAST SEEN\n"
                            "aaaa-1  accepted  mac=00:01  2026-02-01 00:59:59\n"
                            "aabb-2  pending   mac=00:02\n");
    BOOST_TEST(run({"devices", "--json"}) == 0);
    BOOST_TEST((json_out() == json::parse(two_devices)));
}

BOOST_AUTO_TEST_CASE(a_devices_name_cannot_write_to_the_terminal) {
    server.answer(device_page,
                  {200, R"([{"id":"a\u001b[2J","status":"x\n","identity_data":{"m":"\u009b1m"}}])", {}});
    BOOST_TEST(run({"devices"}) == 0);
    BOOST_TEST(out.str().find('\x1b') == std::string::npos);
    BOOST_TEST(out.str().find('\x9b') == std::string::npos);
    BOOST_TEST(std::ranges::count(out.str(), '\n') == 2);
}

BOOST_AUTO_TEST_CASE(devices_are_accepted_by_their_newest_authentication_set) {
    server.answer(device_page, {200, two_devices, {}});
    server.answer("PUT /api/management/v2/devauth/devices/aaaa-1/auth/new/status", {204, "", {}});
    BOOST_TEST(run({"devices", "accept", "aaa"}) == 0);
    BOOST_TEST(server.requests.back().body == R"({"status":"accepted"})");
    server.answer("PUT /api/management/v2/devauth/devices/aabb-2/auth/s2/status", {204, "", {}});
    BOOST_TEST(run({"devices", "reject", "--all", "--json"}) == 0);
    BOOST_TEST(server.requests.back().body == R"({"status":"rejected"})");
    BOOST_TEST(out.str() == "{\"status\":\"rejected\",\"devices\":[\"aabb-2\"]}\n");
    BOOST_TEST(run({"devices", "accept", "aa"}) == 6);
    BOOST_TEST(run({"devices", "accept", "zz"}) == 5);
}

BOOST_AUTO_TEST_CASE(all_pages_are_asked_for) {
    json::array page;
    for (int i = 0; i < 100; ++i)
        page.push_back(json::object{{"id", "d" + std::to_string(i)}, {"status", "accepted"}});
    server.answer(device_page, {200, json::serialize(page), {}});
    server.answer("GET /api/management/v2/devauth/devices?page=2&per_page=100",
                  {200, R"([{"id":"last"}])", {}});
    BOOST_TEST(run({"devices", "--json"}) == 0);
    BOOST_TEST(json_out().as_array().size() == 101U);
}

BOOST_AUTO_TEST_CASE(a_release_is_deployed_to_devices_a_group_or_all) {
    server.answer(device_page, {200, two_devices, {}});
    server.answer("POST " + orders, {201, "", orders + "/d-1"});
    server.answer("POST " + orders + "/group/lab%20one", {201, "", orders + "/d-2"});
    BOOST_TEST(run({"deploy", "app-2.0", "--device", "aaaa", "--json"}) == 0);
    BOOST_TEST((json_out() == json::value{{"id", "d-1"}}));
    BOOST_TEST(server.requests.back().body ==
               R"({"name":"app-2.0","artifact_name":"app-2.0","devices":["aaaa-1"]})");
    BOOST_TEST(run({"deploy", "app-2.0", "--group", "lab one", "--name", "n", "--force"}) == 0);
    BOOST_TEST(server.requests.back().body ==
               R"({"name":"n","artifact_name":"app-2.0","force_installation":true})");
    BOOST_TEST(run({"deploy", "app-2.0", "--all"}) == 0);
    BOOST_TEST(server.requests.back().body ==
               R"({"name":"app-2.0","artifact_name":"app-2.0","all_devices":true})");
    BOOST_TEST(run({"deploy", "app-2.0", "--device", "aabb"}) == 6);
    BOOST_TEST(error_line().find("aabb-2 is pending; `two-path devices accept") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(an_order_for_an_unknown_release_is_told_by_its_name) {
    server.answer("POST " + orders, {400, refused, {}});
    server.answer("GET " + artifacts_api + "?name=app-9&page=1&per_page=100",
                  {200, R"([{"name":"app-90"}])", {}});
    server.answer(device_page, {200, "[]", {}});
    BOOST_TEST(run({"deploy", "app-9", "--all"}) == 5);
    BOOST_TEST(error_line().find("no release is called app-9; `two-path releases`") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(an_order_that_reaches_no_accepted_device_says_how_to_accept_one) {
    server.answer("GET " + artifacts_api + "?name=r&page=1&per_page=100", {200, R"([{"name":"r"}])", {}});
    server.answer(device_page, {200, R"([{"id":"a","status":"pending"}])", {}});
    server.answer("POST " + orders, {400, refused, {}});
    BOOST_TEST(run({"deploy", "r", "--all"}) == 5);
    BOOST_TEST(error_line().find("no device is accepted; see `two-path devices accept`") !=
               std::string::npos);
    server.answer("POST " + orders + "/group/lab", {400, refused, {}});
    const auto members = "GET /api/management/v1/inventory/groups/lab/devices?page=1&per_page=100";
    for (const auto* ids : {"[]", R"(["a"])", R"(["gone"])"}) {
        server.answer(members, {200, ids, {}});
        BOOST_TEST(run({"deploy", "r", "--group", "lab"}) == 5, ids);
        BOOST_TEST(error_line().find("group lab has no accepted device") != std::string::npos);
    }
    BOOST_TEST(run({"deploy", "r", "--group", "unknown"}) == 5);
}

BOOST_AUTO_TEST_CASE(an_order_that_lacks_nothing_is_refused_in_the_servers_words) {
    server.answer("GET " + artifacts_api + "?name=r&page=1&per_page=100", {200, R"([{"name":"r"}])", {}});
    server.answer(device_page, {200, two_devices, {}});
    server.answer("POST " + orders, {400, refused, {}});
    BOOST_TEST(run({"deploy", "r", "--all"}) == 2);
    BOOST_TEST(error_line() == "two-path deploy: refused for its own reasons\n");
}

BOOST_AUTO_TEST_CASE(results_that_were_not_taken_are_listed_and_decided) {
    const std::string owed =
        R"([{"session":"S1","id":"i","dead":true,"attempts":9,"since":"2026-01-31T10:00:00.000Z","error":"no"},)"
        R"({"session":"S2","id":"j","dead":false,"attempts":0,"since":"2026-01-31T10:00:00.000Z",)"
        R"("due":"2026-01-31T10:00:05.000Z"}])";
    server.answer("GET " + own_api + "/notices", {200, owed, {}});
    server.answer("PUT " + own_api + "/notices/S1/retry", {204, "", {}});
    server.answer("DELETE " + own_api + "/notices/S1", {204, "", {}});
    BOOST_TEST(run({"webhook"}) == 0);
    BOOST_TEST(out.str() == "SESSION  STATE  ATTEMPTS  SINCE                NEXT                 LAST ERROR\n"
                            "S1       dead   9         2026-01-31 11:00:00                       no\n"
                            "S2       owed   0         2026-01-31 11:00:00  2026-01-31 11:00:05\n");
    BOOST_TEST(run({"webhook", "retry", "--all"}) == 0); // not those that are told anyway
    BOOST_TEST(err.str() == "S1 is told again\n");
    BOOST_TEST(server.seen.back() == "PUT " + own_api + "/notices/S1/retry");
    BOOST_TEST(run({"webhook", "remove", "S1"}) == 0);
    BOOST_TEST(run({"webhook", "remove", "S3"}) == 5);
    BOOST_TEST(run({"webhook", "drop", "S1"}) == 2);
    BOOST_TEST(run({"webhook", "retry"}) == 2);
    BOOST_TEST(run({"webhook", "--all"}) == 2);
}

BOOST_AUTO_TEST_CASE(that_no_device_waits_is_said) {
    server.answer(device_page, {200, R"([{"id":"a","status":"accepted"}])", {}});
    BOOST_TEST(run({"devices", "accept", "--all"}) == 0);
    BOOST_TEST(err.str() == "No device waits.\n");
}

BOOST_AUTO_TEST_CASE(waiting_ends_with_the_deployment_and_tells_how) {
    const auto at = [](const std::string& status, const std::string& counts) {
        return PreparedAnswer{
            200, R"({"id":"d","status":")" + status + R"(","statistics":{"status":{)" + counts + "}}}", {}};
    };
    server.answer("POST " + orders, {201, "", orders + "/d"});
    server.answer("GET " + orders + "/d", at("pending", R"("pending":1)"));
    server.answer("GET " + orders + "/d", at("inprogress", R"("downloading":1,"pending":0)"));
    server.answer("GET " + orders + "/d", at("finished", R"("success":1)"));
    BOOST_TEST(run({"deploy", "r", "--all", "--wait"}) == 0);
    BOOST_TEST(err.str().find("pending: 1 pending\ninprogress: 1 downloading\nfinished: 1 success\n") !=
               std::string::npos);

    FakeServer failing;
    failing.answer("POST " + orders, {201, "", orders + "/d"});
    failing.answer("GET " + orders + "/d", at("finished", R"("success":2,"failure":1)"));
    server = failing;
    BOOST_TEST(run({"deploy", "r", "--all", "--wait"}) == 1);

    FakeServer idle;
    idle.answer("POST " + orders, {201, "", orders + "/d"});
    idle.answer("GET " + orders + "/d", at("pending", R"("pending":1)"));
    server = idle;
    BOOST_TEST(run({"deploy", "r", "--all", "--wait", "--timeout", "10"}) == 7);
    BOOST_TEST(server.seen.size() == 7U, "one order, a look every two seconds");
}

BOOST_AUTO_TEST_CASE(releases_are_listed_with_what_they_weigh) {
    server.answer(
        "GET " + own_api + "/releases",
        {200,
         R"([{"name":"app-2.0","version":"2.0","stream":"directory","installer":"directory",)"
         R"("published":"2026-01-31T10:00:00.000Z","files":[{"wire_size":1048576},{"wire_size":1048576}]}])",
         {}});
    BOOST_TEST(run({"releases"}) == 0);
    BOOST_TEST(out.str() == "RELEASE  VERSION  STREAM     INSTALLER  SIZE     PUBLISHED\n"
                            "app-2.0  2.0      directory  directory  2.0 MiB  2026-01-31 11:00:00\n");
}

BOOST_AUTO_TEST_CASE(a_release_is_removed_from_both_sides) {
    server.answer("GET /api/management/v1/deployments/artifacts?page=1&per_page=100",
                  {200,
                   R"([{"id":"1","name":"r","updates":[{"type_info":{"type":"two-path"}}]},)"
                   R"({"id":"2","name":"r","updates":[{"type_info":{"type":"single-file"}}]},)"
                   R"({"id":"3","name":"other","updates":[{"type_info":{"type":"two-path"}}]}])",
                   {}});
    server.answer("DELETE /api/management/v1/deployments/artifacts/1", {204, "", {}});
    server.answer("DELETE " + own_api + "/releases/r", {204, "", {}});
    BOOST_TEST(run({"releases", "remove", "r"}) == 0);
    BOOST_TEST(server.seen.size() == 3U);
    BOOST_TEST(run({"releases", "remove", "nothing"}) == 5);
}

BOOST_AUTO_TEST_CASE(a_release_that_mender_needs_stays_whole) {
    server.answer("GET /api/management/v1/deployments/artifacts?page=1&per_page=100",
                  {200, R"([{"id":"1","name":"r","updates":[{"type_info":{"type":"two-path"}}]}])", {}});
    server.answer("DELETE /api/management/v1/deployments/artifacts/1",
                  {409, R"({"error":"in use","request_id":"1"})", {}});
    BOOST_TEST(run({"releases", "remove", "r"}) == 6);
    BOOST_TEST(server.seen.size() == 2U);
}

BOOST_AUTO_TEST_CASE(sessions_are_listed_and_filtered) {
    server.answer("GET " + own_api + "/sessions?limit=100", {200, "[" + session("transferring") + "]", {}});
    BOOST_TEST(run({"sessions"}) == 0);
    BOOST_TEST(
        out.str().find(
            "S        aaaa-1  app-2.0  transferring  1.0 MiB of 4.0 MiB (25 %)  2026-01-31 11:00:01\n") !=
            std::string::npos,
        out.str());
    server.answer("GET " + own_api + "/sessions?limit=3&device=a&release=r%201&state=failed",
                  {200, "[]", {}});
    BOOST_TEST(run({"sessions", "--state", "failed", "--release", "r 1", "--device", "a", "--limit", "3"}) ==
               0);
}

BOOST_AUTO_TEST_CASE(a_sessions_time_line_ends_with_the_reason_and_the_advice) {
    server.answer(
        "GET " + own_api + "/sessions/S",
        {200,
         session("failed", R"(,"reason":"tampered","meaning":"bytes differ","advice":"find out who",)"
                           R"("stage":"Download","detail":"block 3 of app")"),
         {}});
    server.answer(
        "GET " + own_api + "/sessions/S/events",
        {200,
         R"([{"number":1,"time":"2026-01-31T10:00:00.000Z","step":"opened","state":"opened","cause":"device","detail":""},)"
         R"({"number":2,"time":"2026-01-31T10:00:01.000Z","step":"failed","state":"failed","cause":"device","detail":"block 3"}])",
         {}});
    BOOST_TEST(run({"sessions", "S"}) == 0);
    for (const auto* expected :
         {"version     1.0 -> 2.0\n", "2026-01-31 11:00:00  opened        by the device\n",
          "2026-01-31 11:00:01  failed        by the device: block 3\n", "reason      tampered\n",
          "meaning     bytes differ\n", "advice      find out who\n", "where       Download\n",
          "detail      block 3 of app\n"})
        BOOST_TEST(out.str().find(expected) != std::string::npos, expected << " in\n" << out.str());
    BOOST_TEST(run({"sessions", "S", "--json"}) == 0);
    BOOST_TEST(json_out().at("events").as_array().size() == 2U);
    BOOST_TEST(run({"sessions", "unknown"}) == 5);
}

BOOST_AUTO_TEST_CASE(watching_a_session_tells_each_event_once_and_ends_with_it) {
    const std::string first =
        R"({"number":1,"time":"2026-01-31T10:00:00.000Z","step":"opened","state":"opened","cause":"device","detail":""})";
    const std::string second =
        R"({"number":2,"time":"2026-01-31T10:00:05.000Z","step":"committed","state":"committed","cause":"device","detail":""})";
    server.answer("GET " + own_api + "/sessions/S", {200, session("opened"), {}});
    server.answer("GET " + own_api + "/sessions/S",
                  {503, R"({"error":"x","reason":"unavailable","detail":"","request_id":"1"})", {}});
    server.answer("GET " + own_api + "/sessions/S", {200, session("committed"), {}});
    server.answer("GET " + own_api + "/sessions/S/events", {200, "[" + first + "]", {}});
    server.answer("GET " + own_api + "/sessions/S/events", {200, "[" + first + "," + second + "]", {}});
    BOOST_TEST(run({"sessions", "S", "--watch", "--json"}) == 0);
    BOOST_TEST(out.str() == first + "\n" + second + "\n");
}

BOOST_AUTO_TEST_CASE(watching_ends_when_the_server_stays_away) {
    server.answer("GET " + own_api + "/sessions?limit=100",
                  {503, R"({"error":"x","reason":"unavailable","detail":"","request_id":"1"})", {}});
    BOOST_TEST(run({"sessions", "--watch"}) == 7);
}

BOOST_AUTO_TEST_CASE(deployments_are_listed_shown_and_aborted) {
    server.answer("GET " + orders + "?page=1&per_page=100",
                  {200,
                   R"([{"id":"d","artifact_name":"r","status":"inprogress","created":"2026-01-31T10:00:00Z",)"
                   R"("statistics":{"status":{"downloading":2,"success":0}}}])",
                   {}});
    BOOST_TEST(run({"deployments"}) == 0);
    BOOST_TEST(out.str().find("d           r        inprogress  2 downloading  2026-01-31 11:00:00\n") !=
                   std::string::npos,
               out.str());
    server.answer("GET " + orders + "/d",
                  {200, R"({"id":"d","artifact_name":"r","status":"inprogress"})", {}});
    server.answer("GET " + orders + "/d/devices/list?page=1&per_page=100",
                  {200, R"([{"id":"aaaa-1","status":"downloading"}])", {}});
    BOOST_TEST(run({"deployments", "d"}) == 0);
    BOOST_TEST(out.str().find("aaaa-1  downloading\n") != std::string::npos);
    server.answer("PUT " + orders + "/d/status", {204, "", {}});
    BOOST_TEST(run({"deployments", "abort", "d"}) == 0);
    BOOST_TEST(server.requests.back().body == R"({"status":"aborted"})");
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace two_path::tests
