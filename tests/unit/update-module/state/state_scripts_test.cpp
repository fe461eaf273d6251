// The state scripts under /bin/sh, as the Mender client runs them.
#include "tests/support/program.hpp"
#include "tests/unit/update-module/state/files.hpp"

#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <unistd.h>

using namespace two_path;
using tests::contents;
using tests::put;
namespace data = boost::unit_test::data;

BOOST_AUTO_TEST_SUITE(state_scripts)

namespace {

const std::vector<std::string> reporting{"Idle_Enter_50_two-path", "Sync_Enter_50_two-path"};
const std::vector<std::string> asking{"ArtifactInstall_Enter_50_two-path-ask",
                                      "ArtifactReboot_Enter_50_two-path-ask"};

/// A PATH on which `two-path-device` is this script; nothing when it is empty.
struct Path {
    tests::TemporaryFolder folder;
    explicit Path(const std::string& script) {
        if (!script.empty())
            put(folder / "two-path-device",
                "#!/bin/sh\necho \"$*\" >> " + (folder / "calls").string() + "\n" + script, true);
    }
    [[nodiscard]] tests::Finished run(const std::string& name) const {
        return tests::run_program({"/usr/bin/env", "PATH=" + folder.path().string(), "/bin/sh",
                                   std::string(STATE_SCRIPTS) + "/" + name});
    }
    [[nodiscard]] std::string calls() const { return contents(folder / "calls"); }
};

} // namespace

BOOST_DATA_TEST_CASE(reports_are_delivered_and_never_hold_up_the_client, data::make(reporting), name) {
    for (const char* script : {"exit 0", "exit 7", "kill -9 $$"}) {
        const Path path(script);
        BOOST_TEST(path.run(name).exit_code == 0);
        BOOST_TEST(path.calls() == "report\n");
    }
    BOOST_TEST(Path("").run(name).exit_code == 0);
}

BOOST_DATA_TEST_CASE(a_busy_device_is_asked_again_later, data::make(asking), name) {
    const Path busy("echo on");
    BOOST_TEST(busy.run(name).exit_code == 21);
    BOOST_TEST(busy.calls() == "busy\n");
    BOOST_TEST(Path("echo off").run(name).exit_code == 0);
}

BOOST_DATA_TEST_CASE(a_device_that_cannot_be_asked_is_not_busy, data::make(asking), name) {
    for (const char* script : {"", "exit 3", "echo wrong >&2; exit 2"}) {
        const auto finished = Path(script).run(name);
        BOOST_TEST(finished.exit_code == 0);
        BOOST_TEST(finished.output.empty());
    }
}

BOOST_AUTO_TEST_CASE(are_executable_and_named_as_the_client_wants_them) {
    for (const auto& names : {reporting, asking})
        for (const auto& name : names)
            BOOST_TEST(::access((std::string(STATE_SCRIPTS) + "/" + name).c_str(), X_OK) == 0, name);
    BOOST_TEST(contents(std::string(STATE_SCRIPTS) + "/version") == "3");
}

BOOST_AUTO_TEST_SUITE_END()
