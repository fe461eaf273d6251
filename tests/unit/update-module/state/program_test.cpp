// The module's program as the Mender client and people call it, where nobody else has to be asked.
#include "tests/unit/update-module/state/device.hpp"

#include "ftp/descriptor.hpp"
#include "update-module/committed.hpp"
#include "update-module/state_folder.hpp"

#include <boost/json/parse.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <sys/socket.h>

using namespace two_path;
using tests::Device;
using tests::put;
namespace data = boost::unit_test::data;

namespace {

/// What a query writes first: all of it, when it is one write.
std::string first_write(const Device& device, const std::string& query) {
    int ends[2];
    BOOST_REQUIRE(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == 0);
    const ftp::Descriptor ours(ends[0]);
    {
        const ftp::Descriptor theirs(ends[1]);
        const auto pid = ::fork();
        if (pid == 0) {
            ::dup2(theirs.get(), STDOUT_FILENO);
            ::setenv("TWO_PATH_CONF", device.conf.c_str(), 1);
            ::execl(MODULE_PROGRAM, MODULE_PROGRAM, query.c_str(), device.tree.c_str(), nullptr);
            ::_exit(127);
        }
        int status = 0;
        BOOST_REQUIRE(::waitpid(pid, &status, 0) == pid);
        BOOST_TEST(status == 0);
    }
    char packet[64];
    const auto size = ::recv(ours.get(), packet, sizeof packet, 0);
    return {packet, static_cast<std::size_t>(std::max<ssize_t>(size, 0))};
}

/// A device whose update is installed, and confirmed in this boot. There is no plugin to be found, and little
/// time to look for it.
struct Confirmed : Device {
    Confirmed()
      : Device({{"boot_id_file", "/proc/sys/kernel/random/boot_id"}}) {
        put(folder / "mender.conf", R"({"ModuleTimeoutSeconds": 2})");
        auto boot_id = tests::contents("/proc/sys/kernel/random/boot_id");
        boot_id.pop_back();
        put(state + "/record.json",
            R"({"format":1,"attempt":"AAAAAAAAAAAAAAAAAAAAAA","session":"BBBBBBBBBBBBBBBBBBBBBA",)"
            R"("release":"app-2.0","version":"2.0","stream":"app","sequence":7,"boot_id":"before",)"
            R"("confirmed_boot_id":")" +
                boot_id + R"(","done":["installed","confirmed"]})");
    }
    [[nodiscard]] std::uint64_t committed() const {
        const auto sequences = device::read_committed(state).value();
        return sequences.contains("app") ? sequences.at("app") : 0;
    }
    /// All that the plugin has yet to hear.
    [[nodiscard]] std::string owed() const {
        std::string text;
        if (!std::filesystem::exists(state + "/owed")) return text;
        for (const auto& entry : std::filesystem::directory_iterator(state + "/owed"))
            text += tests::contents(entry.path());
        return text;
    }
};

} // namespace

BOOST_AUTO_TEST_SUITE(module_program)

BOOST_AUTO_TEST_CASE(a_state_of_a_later_api_succeeds_without_a_word) {
    const Device device;
    const auto finished = device.call("ArtifactPolish");
    BOOST_TEST(finished.exit_code == 0);
    BOOST_TEST(finished.output.empty());
}

BOOST_AUTO_TEST_CASE(before_download_only_what_undoes_succeeds) {
    const Device device;
    for (const char* state : {"Cleanup", "ArtifactFailure", "ArtifactRollback", "ArtifactRollbackReboot",
                              "ArtifactVerifyRollbackReboot"}) {
        const auto finished = device.call(state);
        BOOST_TEST(finished.exit_code == 0, state);
        BOOST_TEST(finished.output.empty());
    }
    for (const char* state : {"ArtifactInstall", "ArtifactReboot", "ArtifactVerifyReboot", "ArtifactCommit",
                              "NeedsArtifactReboot", "SupportsRollback"}) {
        const auto finished = device.call(state);
        BOOST_TEST(finished.exit_code == 1, state);
        BOOST_TEST(finished.output.starts_with("two-path: " + std::string(state) + ": interrupted: "));
    }
}

BOOST_AUTO_TEST_CASE(a_broken_configuration_is_one_clear_line_and_does_not_hold_up_cleanup) {
    const Device device;
    put(device.conf, R"({"stat_dir": "/x"})");
    const auto download = device.call("Download");
    BOOST_TEST(download.exit_code == 1);
    BOOST_TEST(download.output.starts_with("two-path: Download: bad_configuration: "));
    BOOST_TEST(download.output.find("unknown key `stat_dir`") != std::string::npos);
    BOOST_TEST(std::ranges::count(download.output, '\n') == 1);
    BOOST_TEST(device.call("Cleanup").exit_code == 0);
}

BOOST_AUTO_TEST_CASE(wrong_arguments_are_told_apart_from_failures) {
    BOOST_TEST(tests::run_program({MODULE_PROGRAM}).exit_code == 2);
    BOOST_TEST(tests::run_program({MODULE_PROGRAM, "Download"}).exit_code == 2);
}

BOOST_AUTO_TEST_CASE(queries_are_answered_in_one_write) {
    const Device device;
    device.add_inner("case $1 in NeedsArtifactReboot) printf A; printf 'utomatic\\n' ;; *) echo Yes ;; esac");
    BOOST_TEST(first_write(device, "ProvidePayloadFileSizes") == "No\n");
    BOOST_TEST(first_write(device, "NeedsArtifactReboot") == "Automatic\n");
    BOOST_TEST(first_write(device, "SupportsRollback") == "Yes\n");
    BOOST_TEST(device.calls() == "NeedsArtifactReboot\nSupportsRollback\n");
}

BOOST_AUTO_TEST_CASE(a_release_that_asks_for_a_restart_gets_one) {
    for (const auto& [answer, expected] : std::vector<std::pair<std::string, std::string>>{
             {"No", "Automatic\n"}, {"", "Automatic\n"}, {"Yes", "Yes\n"}, {"Automatic", "Automatic\n"}}) {
        const Device device;
        device.add_inner("printf '" + answer + "'", Reboot::always);
        BOOST_TEST(device.call("NeedsArtifactReboot").output == expected);
        // Asked again after a rollback, the answer is the same.
        BOOST_TEST(device.call("NeedsArtifactReboot").output == expected);
    }
}

BOOST_DATA_TEST_CASE(what_undoes_is_forwarded_with_its_exit_status,
                     data::make({"ArtifactRollback", "ArtifactRollbackReboot", "ArtifactVerifyRollbackReboot",
                                 "ArtifactFailure", "Cleanup", "ArtifactReboot"}),
                     state) {
    const Device device;
    device.add_inner("exit 0");
    BOOST_TEST(device.call(state).exit_code == 0);
    device.add_inner("echo said by the installer; exit 3");
    const auto finished = device.call(state);
    BOOST_TEST(finished.exit_code == 1);
    BOOST_TEST(finished.output.find("said by the installer") != std::string::npos);
    BOOST_TEST(finished.output.find("inner_module_failed") != std::string::npos);
    BOOST_TEST(finished.output.find("exit code 3") != std::string::npos);
    BOOST_TEST(device.calls() == std::string(state) + "\n" + state + "\n");
}

BOOST_AUTO_TEST_CASE(a_commit_is_kept_though_the_module_is_killed_at_its_end) {
    const Confirmed device;
    device.add_inner("[ $1 != ArtifactCommit ] || kill -9 $PPID");
    BOOST_TEST(device.call("ArtifactCommit").exit_code != 0);
    BOOST_TEST(!std::filesystem::exists(device.state + "/committed.json"));
    BOOST_TEST(device.call("Cleanup").exit_code == 0);
    BOOST_TEST(device.committed() == 7U);
    BOOST_TEST(device.owed().find(R"("committed")") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_commit_that_is_taken_back_is_not_kept) {
    const Confirmed device;
    device.add_inner("[ $1 != ArtifactCommit ] || kill -9 $PPID");
    BOOST_TEST(device.call("ArtifactCommit").exit_code != 0);
    BOOST_TEST(device.call("ArtifactRollback").exit_code == 0);
    BOOST_TEST(device.call("Cleanup").exit_code == 0);
    BOOST_TEST(device.committed() == 0U);
    BOOST_TEST(device.owed().find(R"("rolled_back")") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(what_cannot_be_kept_or_told_is_not_forgotten) {
    const Confirmed device;
    device.add_inner("");
    put(device.state + "/owed", "no folder");
    BOOST_TEST(device.call("ArtifactCommit").exit_code == 0);
    BOOST_TEST(device.call("Cleanup").exit_code == 1);
    BOOST_TEST(std::filesystem::exists(device.state + "/record.json"));
    std::filesystem::remove(device.state + "/owed");
    BOOST_TEST(device.call("Cleanup").exit_code == 0);
    BOOST_TEST(!std::filesystem::exists(device.state + "/record.json"));
    BOOST_TEST(device.owed().find(R"("committed")") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(without_the_lock_the_record_is_left_to_who_has_it) {
    const Confirmed device;
    device.add_inner("");
    const auto before = tests::contents(device.state + "/record.json");
    const auto lock = device::StateLock::take(device.state, Deadline::in(milliseconds(1'000)));
    BOOST_REQUIRE(lock);
    const auto finished = device.call("ArtifactFailure");
    BOOST_TEST(finished.exit_code == 1);
    BOOST_TEST(finished.output.find("conflict") != std::string::npos);
    BOOST_TEST(tests::contents(device.state + "/record.json") == before);
    BOOST_TEST(device.owed().empty());
}

BOOST_AUTO_TEST_CASE(an_installer_that_went_missing_is_named) {
    const Device device;
    device.add_inner("");
    std::filesystem::remove(device.folder / "modules/inner");
    const auto finished = device.call("ArtifactVerifyReboot");
    BOOST_TEST(finished.exit_code == 1);
    BOOST_TEST(finished.output.find("inner_module_missing") != std::string::npos);
    BOOST_TEST(finished.output.find((device.folder / "modules/inner").string()) != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(device_program)

BOOST_AUTO_TEST_CASE(tells_what_is_going_on_without_secrets) {
    const Device device;
    std::filesystem::create_directory(device.state);
    const std::string secret(43, 'A');
    put(device.state + "/record.json",
        R"({"format":1,"attempt":"AAAAAAAAAAAAAAAAAAAAAA","session":"BBBBBBBBBBBBBBBBBBBBBA","release":"app-2.0",)"
        R"("version":"2.0","stream":"app","sequence":7,"boot_id":"b","done":["stored"],"certification":")" +
            secret + "\"}");
    put(device.state + "/committed.json", R"({"streams":{"app":6}})");
    const auto text = device.command({"status"});
    BOOST_TEST(text.exit_code == 0);
    for (const char* shown : {"app-2.0", "stored", "BBBBBBBBBBBBBBBBBBBBBA", "sequence 6", "ready"})
        BOOST_TEST(text.output.find(shown) != std::string::npos, shown);
    const auto as_json = device.command({"status", "--json"});
    BOOST_TEST(as_json.exit_code == 0);
    const auto object = json::parse(as_json.output).as_object();
    BOOST_TEST(object.at("update").at("stage").as_string() == "stored");
    BOOST_TEST(object.at("committed").at("app").as_int64() == 6);
    BOOST_TEST(object.at("busy").as_bool() == false);
    for (const auto& output : {text.output, as_json.output})
        BOOST_TEST(output.find(secret) == std::string::npos);
}

BOOST_AUTO_TEST_CASE(status_tells_how_far_a_transfer_is) {
    const Device device;
    std::filesystem::create_directory(device.state);
    put(device.state + "/record.json",
        R"({"format":1,"attempt":"AAAAAAAAAAAAAAAAAAAAAA","session":"BBBBBBBBBBBBBBBBBBBBBA","release":"app-2.0",)"
        R"("version":"2.0","stream":"app","sequence":7,"boot_id":"b","done":["stored"],"certification":""})");
    const auto transfer = [&] {
        return json::parse(device.command({"status", "--json"}).output).at("transfer");
    };
    BOOST_TEST(transfer().is_null());
    put(device.state + "/progress.json",
        R"({"bytes":1572864,"total":10485760,"bytes_per_second":524288,"told":1800000000})");
    BOOST_TEST(transfer().at("bytes").as_int64() == 1572864);
    BOOST_TEST(transfer().at("told").as_int64() == 1800000000);
    BOOST_TEST(device.command({"status"}).output.find("1.5 of 10.0 MiB (15 %), 0.5 MiB/s") !=
               std::string::npos);
    put(device.state + "/progress.json", "{\"bytes\":");
    BOOST_TEST(transfer().is_null());
    BOOST_TEST(device.command({"status"}).exit_code == 0);
}

BOOST_AUTO_TEST_CASE(status_without_an_update_is_no_failure) {
    const Device device;
    const auto finished = device.command({"status", "--json"});
    BOOST_TEST(finished.exit_code == 0);
    BOOST_TEST(json::parse(finished.output).at("update").is_null());
}

BOOST_AUTO_TEST_CASE(busy_is_set_asked_and_cleared) {
    const Device device;
    BOOST_TEST(device.command({"busy"}).output == "off\n");
    BOOST_TEST(device.command({"busy", "on"}).exit_code == 0);
    BOOST_TEST(device.command({"busy"}).output == "on\n");
    BOOST_TEST(device.command({"status"}).output.find("busy") != std::string::npos);
    BOOST_TEST(device.command({"busy", "off"}).exit_code == 0);
    BOOST_TEST(device.command({"busy"}).output == "off\n");
}

BOOST_AUTO_TEST_CASE(with_nothing_to_tell_nobody_is_asked) {
    const Device device;
    BOOST_TEST(device.command({"report"}).exit_code == 0);
    BOOST_TEST(device.command({"report"}).output.empty());
    const auto start = device.command({"start-notification"});
    BOOST_TEST(start.exit_code == 0);
    BOOST_TEST(start.output == "no update waits for a restart\n");
}

BOOST_AUTO_TEST_CASE(report_never_fails) {
    const Device device;
    put(device.conf, "{");
    const auto broken = device.command({"report"});
    BOOST_TEST(broken.exit_code == 0);
    BOOST_TEST(broken.output.find("bad_configuration") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(wrong_use_and_wrong_configuration_have_their_exit_codes) {
    const Device device;
    for (const auto& words : std::vector<std::vector<std::string>>{{},
                                                                   {"reboot"},
                                                                   {"busy", "maybe"},
                                                                   {"busy", "on", "off"},
                                                                   {"status", "--xml"},
                                                                   {"request-update", "--now"},
                                                                   {"request-update", "a", "b"},
                                                                   {"start-notification", "x"}}) {
        const auto finished = device.command(words);
        BOOST_TEST(finished.exit_code == 2);
        BOOST_TEST(std::ranges::count(finished.output, '\n') == 1, finished.output);
    }
    BOOST_TEST(device.command({"--help"}).exit_code == 0);
    put(device.conf, R"({"confirm_timeout": "long"})");
    BOOST_TEST(device.command({"status"}).exit_code == 3);
}

BOOST_AUTO_TEST_SUITE_END()
