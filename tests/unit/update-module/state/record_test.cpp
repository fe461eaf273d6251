#include "tests/unit/update-module/state/files.hpp"

#include "protocol/certification.hpp"
#include "update-module/committed.hpp"
#include "update-module/owed_reports.hpp"
#include "update-module/record.hpp"
#include "update-module/state_folder.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/test/unit_test.hpp>

#include <sys/stat.h>

using namespace two_path;
using namespace two_path::device;
using tests::contents;
using tests::put;

namespace {

struct RecordFolder {
    tests::TemporaryFolder folder;
    std::string dir{folder.path().string()};
    RecordFile file{dir};

    Result<void> write(const Record& record) {
        return file.write_then(record, [] { return Result<void>{}; });
    }
    [[nodiscard]] std::string path() const { return dir + "/record.json"; }
};

Record sample() {
    Descriptor descriptor;
    descriptor.release = "app-2.0";
    descriptor.version = "2.0";
    descriptor.stream = "app";
    descriptor.sequence = 7;
    descriptor.version_file = "/etc/app:VERSION";
    descriptor.installer.type = "single-file";
    descriptor.installer.reboot = Reboot::always;
    DescriptorFile file;
    file.size = 3;
    file.id = std::string(64, 'a');
    descriptor.files = {file, DescriptorFile{}};
    auto record = make_record(descriptor, "boot-1");
    record.session = make_nonce();
    record.certification = Certification::make().text();
    record.set(Done::stored);
    record.transfer = messages::TransferReport{3, 0, 1, 0.5, 0.25, "sha256", "ftp"};
    record.reason = "tampered";
    return record;
}

/// Not writable by what uses it: a folder stands in its place.
void block(const std::string& path) {
    std::filesystem::create_directory(path);
}

} // namespace

BOOST_AUTO_TEST_SUITE(record)

BOOST_AUTO_TEST_CASE(comes_back_as_it_was_written) {
    RecordFolder state;
    const auto written = sample();
    BOOST_REQUIRE(state.write(written));
    const auto read = state.file.read();
    BOOST_REQUIRE(read);
    BOOST_REQUIRE(*read);
    BOOST_TEST(json::serialize((*read)->to_json()) == json::serialize(written.to_json()));
    BOOST_TEST((*read)->certification == written.certification);
    BOOST_TEST((*read)->files == std::vector<std::string>{std::string(64, 'a')},
               boost::test_tools::per_element());
    BOOST_TEST((*read)->is(Done::stored));
    BOOST_TEST(!(*read)->is(Done::transferred));
}

BOOST_AUTO_TEST_CASE(is_readable_by_its_owner_only) {
    RecordFolder state;
    BOOST_REQUIRE(state.write(sample()));
    struct stat status {};
    BOOST_REQUIRE(::stat(state.path().c_str(), &status) == 0);
    BOOST_TEST((status.st_mode & 0777U) == 0600U);
}

BOOST_AUTO_TEST_CASE(none_is_no_failure) {
    const RecordFolder state;
    const auto read = state.file.read();
    BOOST_REQUIRE(read);
    BOOST_TEST(!read->has_value());
}

BOOST_AUTO_TEST_CASE(a_step_starts_only_when_the_record_is_on_disk) {
    RecordFolder state;
    bool started = false;
    const auto good = state.file.write_then(sample(), [&]() -> Result<void> {
        started = std::filesystem::exists(state.path());
        return {};
    });
    BOOST_TEST(good.has_value());
    BOOST_TEST(started);

    started = false;
    BOOST_REQUIRE(state.file.remove());
    block(state.path() + ".new");
    const auto bad = state.file.write_then(sample(), [&]() -> Result<void> {
        started = true;
        return {};
    });
    BOOST_REQUIRE(!bad);
    BOOST_TEST((bad.error().code == Errc::io_error));
    BOOST_TEST(!started);
}

BOOST_AUTO_TEST_CASE(fields_and_steps_of_a_later_release_are_ignored) {
    RecordFolder state;
    auto object = sample().to_json();
    object["colour"] = "green";
    object["done"].get_array().emplace_back("painted");
    put(state.path(), json::serialize(object));
    const auto read = state.file.read();
    BOOST_REQUIRE(read);
    BOOST_REQUIRE(*read);
    BOOST_TEST((*read)->release == "app-2.0");
    BOOST_TEST((*read)->is(Done::stored));
}

BOOST_AUTO_TEST_CASE(fields_that_an_earlier_release_did_not_write_have_defaults) {
    RecordFolder state;
    json::object least{{"format", 1},     {"attempt", make_nonce()}, {"release", "app-2.0"},
                       {"stream", "app"}, {"sequence", 7},           {"boot_id", "boot-1"}};
    put(state.path(), json::serialize(least));
    const auto read = state.file.read();
    BOOST_REQUIRE(read);
    BOOST_REQUIRE(*read);
    BOOST_TEST((*read)->version_check);
    BOOST_TEST((*read)->stage() == "opening");
}

BOOST_AUTO_TEST_CASE(what_cannot_be_one_is_set_aside_and_never_believed) {
    auto foreign_format = sample().to_json();
    foreign_format["format"] = 99;
    auto bad_session = sample().to_json();
    bad_session["session"] = "../../x";
    const auto whole = json::serialize(sample().to_json());
    for (const auto& text :
         {std::string(), std::string("\0\0\0\0", 4), std::string("{}"), whole.substr(0, whole.size() / 2),
          json::serialize(foreign_format), json::serialize(bad_session), std::string(100'000, ' ')}) {
        RecordFolder state;
        put(state.path(), text);
        const auto read = state.file.read();
        BOOST_REQUIRE(read);
        BOOST_TEST(!read->has_value());
        BOOST_TEST(!std::filesystem::exists(state.path()));
        BOOST_TEST(contents(state.path() + ".corrupt") == text);
    }
}

BOOST_AUTO_TEST_CASE(a_write_cut_off_by_a_power_cut_leaves_the_record_before_it) {
    RecordFolder state;
    const auto before = sample();
    BOOST_REQUIRE(state.write(before));
    put(state.path() + ".new", "{\"format\": 1, \"att");
    const auto read = state.file.read();
    BOOST_REQUIRE(read);
    BOOST_REQUIRE(*read);
    BOOST_TEST((*read)->attempt == before.attempt);
}

BOOST_AUTO_TEST_CASE(tells_how_far_it_is) {
    auto record = sample();
    BOOST_TEST(record.stage() == "stored");
    record.set(Done::invalidated);
    record.set(Done::installed);
    BOOST_TEST(record.stage() == "installed");
    record.unset(Done::installed);
    BOOST_TEST(record.stage() == "invalidated");
    BOOST_TEST(Record().stage() == "opening");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(committed_sequences)

BOOST_AUTO_TEST_CASE(are_kept_by_stream) {
    const RecordFolder state;
    BOOST_REQUIRE(write_committed(state.dir, "app", 7));
    BOOST_REQUIRE(write_committed(state.dir, "os", 9));
    BOOST_REQUIRE(write_committed(state.dir, "app", 8));
    const auto read = read_committed(state.dir);
    BOOST_REQUIRE(read);
    BOOST_TEST((*read == Sequences{{"app", 8}, {"os", 9}}));
}

BOOST_AUTO_TEST_CASE(a_corrupt_or_missing_file_is_made_good_by_its_copy) {
    const RecordFolder state;
    BOOST_REQUIRE(write_committed(state.dir, "app", 7));
    for (const char* damaged : {"/committed.json", "/committed.copy.json"}) {
        put(state.dir + damaged, R"({"streams": {"app": "seven"}})");
        BOOST_TEST((read_committed(state.dir).value() == Sequences{{"app", 7}}));
        std::filesystem::remove(state.dir + damaged);
        BOOST_TEST((read_committed(state.dir).value() == Sequences{{"app", 7}}));
        BOOST_REQUIRE(write_committed(state.dir, "app", 7));
    }
}

BOOST_AUTO_TEST_CASE(two_corrupt_files_let_nothing_in_until_a_release_is_committed) {
    const RecordFolder state;
    put(state.dir + "/committed.json", "{");
    put(state.dir + "/committed.copy.json", "");
    const auto read = read_committed(state.dir);
    BOOST_REQUIRE(!read);
    BOOST_TEST((read.error().code == Errc::io_error));
    BOOST_TEST(read.error().detail.find("committed.copy.json") != std::string::npos);
    BOOST_REQUIRE(write_committed(state.dir, "app", 7));
    BOOST_TEST((read_committed(state.dir).value() == Sequences{{"app", 7}}));
}

BOOST_AUTO_TEST_CASE(a_lower_one_is_a_downgrade_unless_it_is_allowed_from_what_runs) {
    Descriptor descriptor;
    descriptor.stream = "app";
    descriptor.sequence = 7;
    BOOST_TEST(check_sequence(descriptor, {}, "").has_value());
    BOOST_TEST(check_sequence(descriptor, {{"os", 9}}, "").has_value());
    BOOST_TEST(check_sequence(descriptor, {{"app", 7}}, "").has_value());
    const auto refused = check_sequence(descriptor, {{"app", 8}}, "2.0");
    BOOST_REQUIRE(!refused);
    BOOST_TEST((refused.error().code == Errc::downgrade));
    descriptor.allow_from = {"", "2.0"};
    BOOST_TEST(check_sequence(descriptor, {{"app", 8}}, "2.0").has_value());
    BOOST_TEST(!check_sequence(descriptor, {{"app", 8}}, "3.0"));
    BOOST_TEST(!check_sequence(descriptor, {{"app", 8}}, ""));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(owed_reports)

BOOST_AUTO_TEST_CASE(are_listed_in_the_order_they_were_added) {
    const RecordFolder state;
    OwedReports owed(state.dir);
    const auto session = make_nonce();
    BOOST_REQUIRE(owed.add({session, messages::Progress{SessionStep::committed, true}}));
    BOOST_REQUIRE(owed.add({session, messages::FailureReport{"Download", fail(Errc::tampered, "block 3")}}));
    const auto list = OwedReports(state.dir).list();
    BOOST_REQUIRE(list.size() == 2U);
    const auto* progress = std::get_if<messages::Progress>(&list[0].report.report);
    BOOST_REQUIRE(progress != nullptr);
    BOOST_TEST((progress->step == SessionStep::committed));
    BOOST_TEST(progress->compared_offline);
    const auto* failure = std::get_if<messages::FailureReport>(&list[1].report.report);
    BOOST_REQUIRE(failure != nullptr);
    BOOST_TEST((failure->error == fail(Errc::tampered, "block 3")));
    BOOST_TEST(failure->stage == "Download");
    BOOST_TEST(list[1].report.session == session);
    BOOST_REQUIRE(owed.remove(list[0]));
    BOOST_TEST(owed.count() == 1U);
}

BOOST_AUTO_TEST_CASE(beyond_the_bound_the_oldest_is_dropped) {
    const RecordFolder state;
    OwedReports owed(state.dir);
    std::vector<std::string> sessions;
    for (std::size_t i = 0; i < OwedReports::most + 2; ++i) {
        sessions.push_back(make_nonce());
        BOOST_REQUIRE(owed.add({sessions.back(), messages::Progress{}}));
    }
    const auto list = owed.list();
    BOOST_REQUIRE(list.size() == OwedReports::most);
    BOOST_TEST(list.front().report.session == sessions[2]);
    BOOST_TEST(list.back().report.session == sessions.back());
}

BOOST_AUTO_TEST_CASE(a_file_that_is_none_is_set_aside_and_holds_up_nothing) {
    const RecordFolder state;
    OwedReports owed(state.dir);
    put(state.dir + "/owed/000000000001.json", "{\"session\":");
    put(state.dir + "/owed/notes.txt", "x");
    BOOST_REQUIRE(owed.add({make_nonce(), messages::Progress{}}));
    BOOST_TEST(owed.list().size() == 1U);
    BOOST_TEST(owed.count() == 1U);
    BOOST_TEST(std::filesystem::exists(state.dir + "/owed/000000000001.json.corrupt"));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(state_folder)

BOOST_AUTO_TEST_CASE(is_made_and_locked_by_one_at_a_time) {
    const tests::TemporaryFolder folder;
    const auto dir = (folder / "a/b").string();
    {
        const auto lock = StateLock::take(dir, Deadline::in({}));
        BOOST_REQUIRE(lock);
        const auto second = StateLock::take(dir, Deadline::in({}));
        BOOST_REQUIRE(!second);
        BOOST_TEST((second.error().code == Errc::conflict));
    }
    BOOST_TEST(StateLock::take(dir, Deadline::in({})).has_value());
}

BOOST_AUTO_TEST_CASE(keeps_busy_until_it_is_set_otherwise) {
    const RecordFolder state;
    BOOST_TEST(!is_busy(state.dir));
    BOOST_REQUIRE(set_busy(state.dir, true));
    BOOST_REQUIRE(set_busy(state.dir, true));
    BOOST_TEST(is_busy(state.dir));
    BOOST_REQUIRE(set_busy(state.dir, false));
    BOOST_REQUIRE(set_busy(state.dir, false));
    BOOST_TEST(!is_busy(state.dir));
}

BOOST_AUTO_TEST_SUITE_END()
