#include "api_world.hpp"

#include <fstream>

namespace two_path::control {
BOOST_AUTO_TEST_SUITE(audit)

namespace {

using tests::ApiWorld;
using tests::ManualClock;
using tests::TemporaryFolder;

AuditEntry entry(const std::string& about) {
    return {"operator@example.com", "192.0.2.9", "release.remove", about, 204, "request-1"};
}

std::string content_of(const AuditTrail& trail, const std::string& name) {
    const auto file = trail.open_file(name).value();
    std::string content(file.size, '\0');
    BOOST_REQUIRE(::pread(file.descriptor->get(), content.data(), content.size(), 0) ==
                  static_cast<ssize_t>(content.size()));
    return content;
}

/// All lines, oldest first, as an operator exports them.
std::vector<json::object> lines_of(const AuditTrail& trail) {
    std::vector<json::object> lines;
    for (const auto& file : trail.files().value()) {
        std::istringstream text(content_of(trail, file.name));
        for (std::string line; std::getline(text, line);)
            lines.push_back(json::parse(line).as_object());
    }
    return lines;
}

struct Trail {
    TemporaryFolder folder;
    ManualClock time;
    Result<AuditTrail> open(std::uint64_t most = 64 * 1024) {
        return AuditTrail::open(folder / "audit", most, time.clock());
    }
};

} // namespace

BOOST_AUTO_TEST_CASE(a_line_says_who_did_what_and_when_and_survives) {
    Trail world;
    {
        auto trail = world.open().value();
        trail.add(entry("release app-2.0"));
        world.time.pass(std::chrono::milliseconds(1500));
        trail.add({"plugin", {}, "settings.reload", "a\nb", 0, {}});
    }
    auto trail = world.open().value();
    trail.add(entry("release app-3.0"));
    const auto lines = lines_of(trail);
    BOOST_REQUIRE_EQUAL(lines.size(), 3U);
    BOOST_TEST(lines[0] == (json::object{{"time", "2027-01-15T08:00:00.000Z"},
                                         {"actor", "operator@example.com"},
                                         {"action", "release.remove"},
                                         {"about", "release app-2.0"},
                                         {"status", 204},
                                         {"address", "192.0.2.9"},
                                         {"request_id", "request-1"}}));
    BOOST_TEST(lines[1] == (json::object{{"time", "2027-01-15T08:00:01.500Z"},
                                         {"actor", "plugin"},
                                         {"action", "settings.reload"},
                                         {"about", "a b"}}));
    BOOST_TEST(lines[2].at("about") == "release app-3.0");
    BOOST_TEST(
        (std::filesystem::status(world.folder / "audit").permissions() == std::filesystem::perms::owner_all));
}

BOOST_AUTO_TEST_CASE(the_oldest_lines_go_when_it_is_full_and_no_others) {
    Trail world;
    constexpr std::uint64_t most = 16 * 1024;
    auto trail = world.open(most).value();
    for (int i = 0; i < 500; ++i)
        trail.add(entry("release " + std::to_string(i)));
    const auto files = trail.files().value();
    BOOST_TEST(files.size() == AuditTrail::parts);
    std::uint64_t size = 0;
    for (const auto& file : files)
        size += file.size;
    BOOST_TEST(size <= most);
    BOOST_TEST(size > most / 2);
    const auto lines = lines_of(trail);
    for (std::size_t i = 0; i < lines.size(); ++i)
        BOOST_TEST(lines[i].at("about") == json::value("release " + std::to_string(500 - lines.size() + i)));
    // Numbers go on after a restart.
    auto again = world.open(most).value();
    for (int i = 0; i < 20; ++i)
        again.add(entry("later"));
    BOOST_TEST(again.files().value().front().name > files.front().name);
}

BOOST_AUTO_TEST_CASE(a_line_that_a_power_cut_left_unfinished_harms_no_other) {
    Trail world;
    world.open().value().add(entry("before"));
    std::ofstream(world.folder / "audit/audit-00000001.jsonl", std::ios::app) << "{\"time\":\"2027-";
    auto trail = world.open().value();
    trail.add(entry("after"));
    const auto content = content_of(trail, "audit-00000001.jsonl");
    BOOST_TEST(std::ranges::count(content, '\n') == 3);
    BOOST_TEST(content.find("\n{\"time\":\"2027-\n{") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(who_guesses_passwords_does_not_push_the_others_out) {
    Trail world;
    auto trail = world.open().value();
    auto guess = entry("");
    guess.status = 401;
    for (int i = 0; i < 1000; ++i)
        trail.add(guess);
    BOOST_TEST(lines_of(trail).size() == 100U);
    trail.add(entry("release app-2.0"));
    world.time.pass(std::chrono::seconds(10));
    trail.add(guess);
    trail.add(guess);
    BOOST_TEST(lines_of(trail).size() == 102U);
}

BOOST_AUTO_TEST_CASE(only_its_own_files_are_shown) {
    Trail world;
    auto trail = world.open().value();
    std::ofstream(world.folder / "audit/other.jsonl") << "x";
    std::ofstream(world.folder / "secret") << "x";
    BOOST_TEST(trail.files().value().size() == 1U);
    for (const auto* name :
         {"other.jsonl", "../secret", "audit-1.jsonl", "audit-.jsonl", "audit-00000002.jsonl", ""})
        BOOST_TEST((trail.open_file(name).error().code == Errc::not_found), name);
}

BOOST_AUTO_TEST_CASE(what_operators_change_is_kept_and_what_they_look_at_is_not) {
    ApiWorld world;
    const auto descriptor = world.describe("app-2.0", "2.0", "some bytes");
    world.operate("GET", "/releases");
    world.operate("POST", "/releases", json::serialize(to_json(descriptor)));
    world.operate("DELETE", "/releases/app-2.0");
    world.operate("DELETE", "/releases/app-2.0");
    world.ask("", "DELETE", std::string(messages::management_api) + "/releases/app-3.0");
    world.device("POST", "/sessions");
    const auto lines = lines_of(world.audit);
    BOOST_REQUIRE_EQUAL(lines.size(), 3U);
    BOOST_TEST(lines[0].at("action") == "release.publish");
    BOOST_TEST(lines[0].at("actor") == "operator@example.com");
    BOOST_TEST(lines[0].at("about") == "release app-2.0");
    BOOST_TEST(lines[1].at("action") == "release.remove");
    BOOST_TEST(lines[1].at("about") == "release app-2.0");
    BOOST_TEST(lines[1].at("status") == 204);
    BOOST_TEST(lines[2].at("status") == 404);
}

BOOST_AUTO_TEST_CASE(a_device_that_asks_without_end_fills_nothing) {
    ApiWorld world;
    world.publish(world.describe("app-2.0", "2.0", "some bytes"));
    const auto flood = [&](const json::object& request, unsigned status) {
        for (int i = 0; i < 20; ++i)
            BOOST_TEST(world.device("POST", "/update-requests", request).status == status);
    };
    flood({{"release", "no-such-release"}}, 404);
    flood({{"release", 7}}, 400);
    BOOST_TEST(lines_of(world.audit).empty());
    for (int i = 0; i < 5; ++i)
        world.device("POST", "/update-requests");
    flood({}, 429);
    world.host.creates = false; // it is under way
    flood({}, 202);
    const auto lines = lines_of(world.audit);
    BOOST_REQUIRE_EQUAL(lines.size(), 5U);
    BOOST_TEST(lines[4].at("actor") == "device device-1");
    BOOST_TEST(lines[4].at("action") == "update.request");
    BOOST_TEST(lines[4].at("about") == "release app-2.0, deployment ordered-5");
}

BOOST_AUTO_TEST_CASE(a_route_without_a_name_of_its_own_is_kept_by_what_it_is) {
    Request request;
    request.method = "PUT";
    request.route = "/api/management/v1/inventory/devices/{device}/group";
    request.parameters["device"] = "device-1";
    request.caller = "operator@example.com";
    const auto kept = audit_entry(request, Response::empty(204));
    BOOST_REQUIRE(kept);
    BOOST_TEST(kept->action == "PUT /api/management/v1/inventory/devices/{device}/group");
    BOOST_TEST(kept->about == "device device-1");
    request.caller.clear();
    BOOST_TEST(!audit_entry(request, Response::empty(401)).has_value()); // a stranger fills nothing
    request.caller = "operator@example.com";
    request.method = "GET";
    BOOST_TEST(!audit_entry(request, Response::empty(200)).has_value());
    request.method = "PUT";
    request.route = "/api/devices/v1/two-path/sessions/{session}/progress";
    BOOST_TEST(!audit_entry(request, Response::empty(204)).has_value());
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace two_path::control
