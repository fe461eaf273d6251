#include "tests/unit/update-module/install/inner_fixture.hpp"

#include "ftp/descriptor.hpp"

#include <boost/json/parse.hpp>

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace two_path;
using namespace two_path::install;
using tests::contents;
using tests::InnerWorld;
using tests::put;

BOOST_AUTO_TEST_SUITE(inner_module)

BOOST_AUTO_TEST_CASE(finds_its_tree_as_mender_would_have_made_it) {
    InnerWorld world;
    const auto module = world.module("pwd > $home/cwd; echo \"$2\" > $home/argument");
    BOOST_REQUIRE(module.run("ArtifactInstall", InnerWorld::soon()));
    BOOST_TEST(contents(world.folder / "cwd") == world.inner + "\n");
    BOOST_TEST(contents(world.folder / "argument") == world.inner + "\n");
    BOOST_TEST(contents(world.inner + "/version") == "3");
    BOOST_TEST(contents(world.inner + "/current_artifact_name") == "release-1\n");
    BOOST_TEST(contents(world.inner + "/current_device_type") == "test-device");
    BOOST_TEST(!std::filesystem::exists(world.inner + "/current_artifact_group"));
    BOOST_TEST(contents(world.inner + "/header/artifact_name") == "release-2");
    BOOST_TEST(contents(world.inner + "/header/payload_type") == "inner");
    BOOST_TEST(std::filesystem::is_directory(world.inner + "/tmp"));
    const auto json_of = [&](const char* name) {
        return json::parse(contents(world.inner + "/header/" + name)).as_object();
    };
    BOOST_TEST(json_of("header-info").at("payloads").at(0).at("type").as_string() == "inner");
    BOOST_TEST(json_of("header-info").at("artifact_provides").at("artifact_name").as_string() == "release-2");
    BOOST_TEST(json_of("type-info").at("artifact_provides").at("k").as_string() == "v");
    BOOST_TEST(json_of("meta-data").at("dest").as_string() == "/opt");
}

BOOST_AUTO_TEST_CASE(a_new_download_clears_the_tree_of_the_one_before) {
    InnerWorld world;
    static_cast<void>(world.module(""));
    put(world.inner + "/files/old", "x");
    static_cast<void>(world.module(""));
    BOOST_TEST(!std::filesystem::exists(world.inner + "/files"));
}

BOOST_AUTO_TEST_CASE(the_exit_status_of_each_state_is_passed_on) {
    for (const char* state :
         {"ArtifactInstall", "ArtifactReboot", "ArtifactVerifyReboot", "ArtifactCommit", "ArtifactRollback",
          "ArtifactRollbackReboot", "ArtifactVerifyRollbackReboot", "ArtifactFailure", "Cleanup"}) {
        InnerWorld world;
        const auto module = world.module("[ \"$1\" != " + std::string(state) + " ] || exit 5");
        const auto failed = module.run(state, InnerWorld::soon());
        BOOST_REQUIRE(!failed);
        BOOST_TEST((failed.error().code == Errc::inner_module_failed));
        BOOST_TEST(failed.error().detail == "module inner in " + std::string(state) + ": exit code 5");
        BOOST_TEST(module.run("Other", InnerWorld::soon()).has_value());
        BOOST_TEST(world.calls() == std::string(state) + "\nOther\n");
    }
}

BOOST_AUTO_TEST_CASE(one_that_is_killed_has_failed) {
    InnerWorld world;
    const auto failed = world.module("kill -9 $$").run("ArtifactInstall", InnerWorld::soon());
    BOOST_REQUIRE(!failed);
    BOOST_TEST(failed.error().detail.ends_with("signal 9"));
    BOOST_TEST((failed.error().code == Errc::inner_module_failed));
}

BOOST_AUTO_TEST_CASE(one_that_is_told_to_end_was_interrupted) {
    InnerWorld world;
    const auto ended = world.module("kill -TERM $$").run("ArtifactReboot", InnerWorld::soon());
    BOOST_REQUIRE(!ended);
    BOOST_TEST((ended.error().code == Errc::interrupted));
}

BOOST_AUTO_TEST_CASE(answers_come_without_their_line_end) {
    for (const auto& [script, expected] : std::vector<std::pair<std::string, std::string>>{
             {"echo Automatic", "Automatic"},
             {"printf Yes", "Yes"},
             {":", ""},
             {"printf N; printf 'o\\n'", "No"},
             {"echo Yes; (exec tail -f /dev/null) & echo $! > $home/left", "Yes"}}) {
        InnerWorld world;
        const auto answer = world.module(script).query("NeedsArtifactReboot", InnerWorld::soon());
        BOOST_REQUIRE_MESSAGE(answer, (answer ? "" : answer.error().message()));
        BOOST_TEST(*answer == expected);
        // What the module left running does not hold up its answer.
        if (std::filesystem::exists(world.folder / "left"))
            std::system(("kill " + contents(world.folder / "left")).c_str());
    }
}

BOOST_AUTO_TEST_CASE(a_query_that_is_no_answer_fails) {
    for (const auto& [script, named] : std::vector<std::pair<std::string, std::string>>{
             {"echo Yes; exit 2", "exit code 2"}, {"echo Yes; echo No", "several lines"}}) {
        InnerWorld world;
        const auto answer = world.module(script).query("SupportsRollback", InnerWorld::soon());
        BOOST_REQUIRE(!answer);
        BOOST_TEST((answer.error().code == Errc::inner_module_failed));
        BOOST_TEST(answer.error().detail.find(named) != std::string::npos);
    }
}

BOOST_AUTO_TEST_CASE(past_its_time_it_is_ended_with_all_it_started) {
    InnerWorld world;
    const auto alive = (world.folder / "alive").string();
    BOOST_REQUIRE(::mkfifo(alive.c_str(), 0600) == 0);
    const ftp::Descriptor reader(::open(alive.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
    const auto module = world.module("trap '' TERM\n"
                                     "(echo started; exec tail -f /dev/null) > $home/alive &\n"
                                     "wait; exec tail -f /dev/null");
    const auto late = module.run("ArtifactInstall", Deadline::in(std::chrono::seconds{1}));
    BOOST_REQUIRE(!late);
    BOOST_TEST((late.error().code == Errc::time_limit));
    char text[16];
    BOOST_TEST(::read(reader.get(), text, sizeof text) == 8);
    // Its end comes only when the last process that has it open is gone, which a kill lets the kernel do.
    pollfd end{reader.get(), 0, 0};
    BOOST_TEST(::poll(&end, 1, 10'000) == 1);
    BOOST_TEST(::read(reader.get(), text, sizeof text) == 0);
}

BOOST_AUTO_TEST_CASE(one_that_is_not_there_is_named) {
    InnerWorld world;
    put(world.modules + "/text", "not executable");
    std::filesystem::create_directories(world.modules + "/folder");
    for (const char* type : {"none", "text", "folder"}) {
        const auto found = InnerModule::find(world.modules, type, world.inner);
        BOOST_REQUIRE(!found);
        BOOST_TEST((found.error().code == Errc::inner_module_missing));
        BOOST_TEST(found.error().detail.find(world.modules + "/" + type) != std::string::npos);
    }
    const auto built_in = InnerModule::find(world.modules, "rootfs-image", world.inner);
    BOOST_REQUIRE(!built_in);
    BOOST_TEST(built_in.error().detail.find("built in") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(what_cannot_be_a_module_is_refused) {
    InnerWorld world;
    for (const char* type : {"", "two-path", "../inner", "a/b", ".hidden", ".."}) {
        const auto found = InnerModule::find(world.modules, type, world.inner);
        BOOST_REQUIRE(!found);
        BOOST_TEST((found.error().code == Errc::bad_descriptor));
    }
}

BOOST_AUTO_TEST_SUITE_END()
