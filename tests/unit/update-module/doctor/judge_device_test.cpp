// What the doctor says of the device itself, case by case: nothing is looked at here.
#include "update-module/doctor/judge_device.hpp"

#include <boost/test/unit_test.hpp>

using namespace two_path;
using namespace two_path::device;

BOOST_AUTO_TEST_SUITE(doctor_judges_the_device)

namespace {

constexpr std::uint64_t mebi = 1024 * 1024;

void check(const Finding& finding, const char* name, Health health, const std::string& part) {
    BOOST_TEST_CONTEXT(finding.check + ": " + finding.detail + "; " + finding.advice) {
        BOOST_TEST(finding.check == name);
        BOOST_TEST((finding.health == health));
        BOOST_TEST((finding.detail.find(part) != std::string::npos ||
                    finding.advice.find(part) != std::string::npos),
                   part);
        BOOST_TEST(finding.advice.empty() == (health == Health::ok));
    }
}

RoomSight room(std::uint64_t free) {
    return {"/data", {}, free, 1000, true};
}

} // namespace

BOOST_AUTO_TEST_CASE(configuration) {
    check(judge_configuration(Settings{}), "configuration", Health::ok, "/etc/mender/mender.conf");
    check(judge_configuration(fail(Errc::bad_configuration, "unknown key `x`")), "configuration",
          Health::failed, "unknown key `x`");
}

BOOST_AUTO_TEST_CASE(the_module) {
    check(judge_module({"/m/two-path", true, true, true}), "module", Health::ok, "/m/two-path");
    check(judge_module({"/m/two-path", true, true, false}), "module", Health::warning, "another program");
    check(judge_module({"/m/two-path", true, false, true}), "module", Health::failed,
          "chmod 755 /m/two-path");
    check(judge_module({"/m/two-path", false, false, false}), "module", Health::failed,
          "there is no /m/two-path");
}

BOOST_AUTO_TEST_CASE(the_confinement) {
    check(judge_confinement(std::string()), "confinement", Health::ok, "no right");
    check(judge_confinement(std::string("the user `nobody`")), "confinement", Health::warning,
          "lacks the user `nobody`");
    check(judge_confinement(fail(Errc::io_error, "no process for the second path")), "confinement",
          Health::failed, "no process");
}

BOOST_AUTO_TEST_CASE(state_scripts) {
    const struct {
        ScriptsSight sight;
        Health health;
        const char* part;
    } cases[] = {
        {{"/s", {}, {}, true, "3"}, Health::ok, "version 3"},
        {{"/s", {}, {}, true, "2"}, Health::ok, "version 2"},
        {{"/s", {"a", "b"}, {}, true, "3"}, Health::warning, "a, b"},
        {{"/s", {"a", "b"}, {}, false, ""},
         Health::warning,
         "a, b"}, // nobody's scripts: no version is missed
        {{"/s", {}, {"a"}, true, "3"}, Health::failed, "cannot be executed: a"},
        {{"/s", {}, {}, true, ""}, Health::failed, "/s/version"}, // client 3.4 stops syncing
        {{"/s", {"a"}, {}, true, ""}, Health::failed, "/s/version"},
        {{"/s", {}, {}, true, "4"}, Health::failed, "says `4`"},
    };
    for (const auto& one : cases)
        check(judge_scripts(one.sight), "state scripts", one.health, one.part);
}

BOOST_AUTO_TEST_CASE(installers) {
    check(judge_installers({"/m", {"deb", "directory"}, false}), "installers", Health::ok, "deb, directory");
    check(judge_installers({"/m", {"deb"}, true}), "installers", Health::ok, "deb and more");
    check(judge_installers({"/m", {}, false}), "installers", Health::failed, "/m");
}

BOOST_AUTO_TEST_CASE(the_state_folder) {
    const struct {
        FolderSight sight;
        Health health;
        const char* part;
    } cases[] = {
        {{"/s", {}, true, 040700, true, true, {}}, Health::ok, "mode 0700"},
        {{"/s", {}, true, 040755, true, true, {}}, Health::warning, "chmod 700 /s"},
        {{"/s", {}, true, 040700, false, true, {}}, Health::warning, "another user"},
        {{"/s", {}, true, 040700, true, false, {}}, Health::failed, "cannot be written"},
        {{"/s", {}, false, 0, false, true, {}}, Health::ok, "not there yet"},
        {{"/s", {}, false, 0, false, false, {}}, Health::failed, "cannot be made"},
        {{"/s", "/s is no folder", true, 0100600, true, true, {}}, Health::failed, "no folder"},
        {{"/s", {}, true, 040700, true, true, "on the root"}, Health::warning, "on the root"},
    };
    for (const auto& one : cases)
        check(judge_state_folder(one.sight), "state folder", one.health, one.part);
}

BOOST_AUTO_TEST_CASE(room_for_updates) {
    check(judge_room(room(4096 * mebi), Store::preferred), "room", Health::ok, "4096 MiB are free at /data");
    check(judge_room(room(100 * mebi), Store::preferred), "room", Health::warning, "100 MiB");
    check(judge_room(room(100 * mebi), Store::never), "room", Health::ok, "100 MiB");
    check(judge_room(room(3 * mebi), Store::never), "room", Health::failed, "3 MiB");
    check(judge_mender_room(room(100 * mebi)), "room of mender", Health::warning, "100 MiB");
    auto sight = room(4096 * mebi);
    sight.inodes = 5;
    check(judge_room(sight, Store::preferred), "room", Health::failed, "no more files");
    sight.counts_inodes = false;
    check(judge_room(sight, Store::preferred), "room", Health::ok, "4096");
    sight.trouble = "look at /data: Input/output error";
    check(judge_room(sight, Store::preferred), "room", Health::failed, "Input/output error");
}

BOOST_AUTO_TEST_CASE(findings_are_printed_for_people_and_programs) {
    const Findings well{{"a", Health::ok, "fine", {}}, {"b", Health::warning, "so\n\x1b[31mso", "look\tup"}};
    BOOST_TEST(!any_failed(well));
    BOOST_TEST(to_text(well) == "ok       a: fine\nwarning  b: so??[31mso\n         look?up\n");
    BOOST_TEST(to_json(well) == "[{\"check\":\"a\",\"state\":\"ok\",\"detail\":\"fine\"},"
                                "{\"check\":\"b\",\"state\":\"warning\",\"detail\":\"so??[31mso\","
                                "\"advice\":\"look?up\"}]\n");
    const Findings ill{{"a", Health::failed, "x", "y"}};
    BOOST_TEST(any_failed(ill));
    BOOST_TEST(to_text(ill) == "FAILED   a: x\n         y\n");
}

BOOST_AUTO_TEST_SUITE_END()
