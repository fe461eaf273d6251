#include "update-module/last_result.hpp"

#include "tests/support/program.hpp"
#include "tests/unit/update-module/state/device.hpp"

#include <boost/test/unit_test.hpp>

#include <unistd.h>

using namespace two_path;
using device::Done;
using tests::Device;
using tests::put;

BOOST_AUTO_TEST_SUITE(last_result)

namespace {

constexpr std::int64_t noon = 1'800'014'400; // 2027-01-15T12:00:00Z

device::Record record_with(std::initializer_list<Done> steps) {
    device::Record record;
    record.release = "app-2.0";
    record.version = "2.0";
    for (const auto step : steps)
        record.set(step);
    return record;
}

device::LastResult committed() {
    auto record = record_with({Done::committed});
    record.transfer = messages::TransferReport{3'145'728, 0, 5, 1.5, 0.0625, "blake2b512", "ftp"};
    return device::result_of(record, noon);
}

const std::string version_line = "two_path_version=" TWO_PATH_VERSION "\n";

} // namespace

BOOST_AUTO_TEST_CASE(tells_how_an_attempt_ended_and_why) {
    BOOST_TEST(committed().result == "committed");
    BOOST_TEST(committed().reason.empty());

    auto failed = record_with({Done::stored, Done::failed});
    failed.reason = "tampered";
    BOOST_TEST(device::result_of(failed, noon).result == "failed");
    BOOST_TEST(device::result_of(failed, noon).reason == "tampered");

    auto back = record_with({Done::installed, Done::failed, Done::rolled_back});
    back.reason = "version_mismatch";
    BOOST_TEST(device::result_of(back, noon).result == "rolled_back");
    BOOST_TEST(device::result_of(back, noon).reason == "version_mismatch");

    const auto cut_off = device::result_of(record_with({Done::stored}), noon);
    BOOST_TEST(cut_off.result == "failed");
    BOOST_TEST(cut_off.reason == "interrupted");
}

BOOST_AUTO_TEST_CASE(survives_and_is_not_believed_when_it_is_broken) {
    const tests::TemporaryFolder folder;
    const auto state = folder.path().string();
    BOOST_TEST(!device::read_last_result(state).has_value());
    BOOST_REQUIRE(device::write_last_result(state, committed()));
    const auto read = device::read_last_result(state);
    BOOST_REQUIRE(read);
    BOOST_TEST(device::inventory_text(read) == device::inventory_text(committed()));
    put(state + "/last.json", "{\"release\":");
    BOOST_TEST(!device::read_last_result(state).has_value());
    put(state + "/last.json", std::string(20'000, ' '));
    BOOST_TEST(!device::read_last_result(state).has_value());
}

BOOST_AUTO_TEST_CASE(the_inventory_has_one_line_to_a_name) {
    BOOST_TEST(device::inventory_text(std::nullopt) == version_line + "two_path_last_result=none\n");
    BOOST_TEST(device::inventory_text(committed()) == version_line +
                                                          "two_path_last_result=committed\n"
                                                          "two_path_last_release=app-2.0\n"
                                                          "two_path_last_ended=2027-01-15T12:00:00Z\n"
                                                          "two_path_last_path=ftp\n"
                                                          "two_path_last_digest=blake2b512\n"
                                                          "two_path_last_bytes=3145728\n"
                                                          "two_path_last_cpu_seconds=0.062\n");
    auto record = record_with({Done::failed});
    record.reason = "no_room";
    record.release = "app\n=x";
    BOOST_TEST(device::inventory_text(device::result_of(record, noon)) ==
               version_line + "two_path_last_result=failed\n"
                              "two_path_last_reason=no_room\n"
                              "two_path_last_release=app =x\n"
                              "two_path_last_ended=2027-01-15T12:00:00Z\n");
}

BOOST_AUTO_TEST_CASE(the_command_and_the_status_tell_it) {
    const Device device;
    BOOST_TEST(device.command({"inventory"}).output == version_line + "two_path_last_result=none\n");
    std::filesystem::create_directory(device.state);
    BOOST_REQUIRE(device::write_last_result(device.state, committed()));
    const auto told = device.command({"inventory"});
    BOOST_TEST(told.exit_code == 0);
    BOOST_TEST(told.output == device::inventory_text(committed()));
    BOOST_TEST(device.command({"status"}).output.find("app-2.0: committed") != std::string::npos);
    BOOST_TEST(device.command({"inventory", "--json"}).exit_code == 2);
}

BOOST_AUTO_TEST_CASE(the_inventory_script_is_executable_and_silent_without_the_module) {
    const std::string script = INVENTORY_SCRIPT;
    BOOST_TEST(::access(script.c_str(), X_OK) == 0);
    const tests::TemporaryFolder path;
    const std::vector<std::string> call{"/usr/bin/env", "PATH=" + path.path().string(), "/bin/sh", script};
    auto finished = tests::run_program(call);
    BOOST_TEST(finished.exit_code == 0);
    BOOST_TEST(finished.output.empty());
    put(path / "two-path-device", "#!/bin/sh\necho \"a=$*\"\n", true);
    finished = tests::run_program(call);
    BOOST_TEST(finished.exit_code == 0);
    BOOST_TEST(finished.output == "a=inventory\n");
}

BOOST_AUTO_TEST_SUITE_END()
