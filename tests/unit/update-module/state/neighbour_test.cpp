// Two releases of the module share one state directory: an update that brings a new one is begun by the old
// and ended by the new, or, after a rollback, the other way.
#include "tests/unit/update-module/state/files.hpp"

#include "update-module/committed.hpp"
#include "update-module/last_result.hpp"
#include "update-module/owed_reports.hpp"
#include "update-module/record.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/test/unit_test.hpp>

using namespace two_path;
using namespace two_path::device;
using tests::contents;
using tests::put;

BOOST_AUTO_TEST_SUITE(neighbour)

namespace {

/// A state directory as release 0.1 left it: an update that waits for its commit, told to nobody yet.
struct Neighbour {
    Neighbour() {
        std::filesystem::copy(TWO_PATH_SOURCE "/tests/unit/update-module/state/two-path_state_0.1",
                              folder.path(), std::filesystem::copy_options::recursive);
    }

    /// What the next release may add to each file.
    void add_news() const {
        for (const auto& entry : std::filesystem::recursive_directory_iterator(folder.path())) {
            if (entry.path().extension() != ".json") continue;
            auto object = json::parse(contents(entry.path())).as_object();
            object["news"] = {{"of", "the next release"}};
            if (auto* done = object.if_contains("done")) done->as_array().emplace_back("dreamt");
            put(entry.path(), json::serialize(object));
        }
    }

    void check() const {
        const auto record = RecordFile(dir).read();
        BOOST_REQUIRE(record);
        BOOST_REQUIRE(*record);
        BOOST_TEST((*record)->release == "app-3.0");
        BOOST_TEST((*record)->version == "3.0");
        BOOST_TEST((*record)->session == session);
        BOOST_TEST((*record)->sequence == 1795872570U);
        BOOST_TEST((*record)->version_file == "/opt/app/VERSION:APP_VERSION");
        BOOST_TEST((*record)->files.size() == 1U);
        BOOST_TEST((*record)->is(Done::installed));
        BOOST_TEST((*record)->is(Done::compared_offline));
        BOOST_TEST(!(*record)->is(Done::committed));
        BOOST_REQUIRE((*record)->transfer);
        BOOST_TEST((*record)->transfer->bytes == 3145728U);

        const auto committed = read_committed(dir);
        BOOST_REQUIRE(committed);
        BOOST_TEST(committed->at("app") == 1795872567U);

        const auto last = read_last_result(dir);
        BOOST_REQUIRE(last);
        BOOST_TEST(last->release == "app-2.0");
        BOOST_TEST(last->result == "committed");

        const auto owed = OwedReports(dir).list();
        BOOST_REQUIRE(owed.size() == 2U);
        BOOST_TEST(owed[0].report.session == session);
        BOOST_TEST((std::get<messages::Progress>(owed[0].report.report).step == SessionStep::installed));
        BOOST_TEST((std::get<messages::FailureReport>(owed[1].report.report).error.code ==
                    Errc::inner_module_failed));
    }

    static constexpr const char* session = "LTItRCr3IdkQAZ05DQKaKw";
    tests::TemporaryFolder folder;
    std::string dir{folder.path().string()};
};

} // namespace

BOOST_AUTO_TEST_CASE(what_release_0_1_left_is_read) {
    Neighbour().check();
}

BOOST_AUTO_TEST_CASE(what_the_next_release_adds_is_ignored) {
    const Neighbour state;
    state.add_news();
    state.check();
}

BOOST_AUTO_TEST_CASE(a_reason_that_only_the_next_release_knows_is_told_by_its_name) {
    const Neighbour state;
    put(std::filesystem::path(state.dir) / "owed/000000000003.json",
        std::string(R"({"session":")") + Neighbour::session +
            R"(","failure":{"stage":"Download","reason":"moon_in_the_way","detail":"full"}})");
    const auto owed = OwedReports(state.dir).list();
    BOOST_REQUIRE(owed.size() == 3U);
    const auto& failure = std::get<messages::FailureReport>(owed[2].report.report);
    BOOST_TEST(failure.error.detail == "moon_in_the_way: full");
}

BOOST_AUTO_TEST_CASE(a_record_that_the_next_release_wrote_is_written_so_that_both_can_read_it) {
    const Neighbour state;
    state.add_news();
    RecordFile file(state.dir);
    auto record = file.read();
    BOOST_REQUIRE(record);
    BOOST_REQUIRE(*record);
    (*record)->set(Done::rolled_back);
    BOOST_REQUIRE(file.write_then(**record, [] { return Result<void>{}; }));
    const auto again = file.read();
    BOOST_REQUIRE(again);
    BOOST_REQUIRE(*again);
    BOOST_TEST((*again)->is(Done::rolled_back));
    BOOST_TEST((*again)->session == Neighbour::session);
}

BOOST_AUTO_TEST_SUITE_END()
