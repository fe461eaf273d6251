#include "plugin/state/database.hpp"

#include "plugin/state/database_failure.hpp"
#include "tests/support/temporary_folder.hpp"

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <barrier>
#include <fstream>
#include <limits>
#include <thread>
#include <vector>

namespace two_path::state {
BOOST_AUTO_TEST_SUITE(database)

namespace {

using tests::TemporaryFolder;

constexpr std::string_view first =
    "CREATE TABLE things (name TEXT PRIMARY KEY, number INTEGER, real REAL) STRICT";
constexpr std::string_view second = "ALTER TABLE things ADD COLUMN more TEXT";

std::int64_t schema(Database& database) {
    auto query = database.query("PRAGMA user_version");
    BOOST_REQUIRE(query.next());
    return query.number(0);
}

std::int64_t count(Database& database) {
    auto query = database.query("SELECT count(*) FROM things");
    BOOST_REQUIRE(query.next());
    return query.number(0);
}

} // namespace

BOOST_AUTO_TEST_CASE(a_new_file_is_private_and_has_the_newest_schema) {
    const TemporaryFolder folder;
    const std::string_view migrations[] = {first, second};
    auto opened = Database::open(folder / "state.db", migrations);
    BOOST_REQUIRE(opened);
    BOOST_TEST(schema(*opened) == 2);
    const auto permissions = std::filesystem::status(folder / "state.db").permissions();
    BOOST_TEST((permissions == (std::filesystem::perms::owner_read | std::filesystem::perms::owner_write)));
    for (const auto& [setting, value] :
         {std::pair{"synchronous", 2}, {"foreign_keys", 1}, {"secure_delete", 1}, {"busy_timeout", 5000}}) {
        auto query = opened->query("PRAGMA " + std::string(setting));
        BOOST_REQUIRE(query.next());
        BOOST_TEST(query.number(0) == value, setting);
    }
    auto mode = opened->query("PRAGMA journal_mode");
    BOOST_REQUIRE(mode.next());
    BOOST_TEST(mode.text(0) == "wal");
}

BOOST_AUTO_TEST_CASE(programs_that_make_the_same_one_at_once_lose_nothing_of_each_other) {
    constexpr int programs = 6;
    const std::string_view migrations[] = {first, second};
    for (int round = 0; round < 20; ++round) {
        const TemporaryFolder folder;
        std::barrier together(programs);
        std::atomic<int> opened{0};
        std::atomic<int> other{0}; // neither opened nor told to try again
        std::vector<std::jthread> running;
        for (int program = 0; program < programs; ++program)
            running.emplace_back([&, program] {
                together.arrive_and_wait();
                auto database = Database::open(folder / "state.db", migrations);
                if (!database && database.error().code != Errc::busy) ++other;
                if (!database) return;
                try {
                    const auto name = std::to_string(program);
                    database->query("INSERT INTO things (name) VALUES (?)").with(name).run();
                    ++opened;
                } catch (const DatabaseFailure&) {
                    ++other;
                }
            });
        running.clear();
        BOOST_TEST_REQUIRE(other == 0);
        BOOST_TEST_REQUIRE(opened > 0);
        auto database = Database::open(folder / "state.db", migrations);
        BOOST_TEST_REQUIRE(count(*database) == opened);
    }
}

BOOST_AUTO_TEST_CASE(an_older_schema_is_brought_up_and_keeps_its_rows) {
    const TemporaryFolder folder;
    const std::string_view old[] = {first};
    {
        auto opened = Database::open(folder / "state.db", old);
        BOOST_REQUIRE(opened);
        opened->query("INSERT INTO things (name) VALUES ('kept')").run();
    }
    const std::string_view both[] = {first, second};
    auto opened = Database::open(folder / "state.db", both);
    BOOST_REQUIRE(opened);
    auto query = opened->query("SELECT name, more FROM things");
    BOOST_REQUIRE(query.next());
    BOOST_TEST(query.text(0) == "kept");
    BOOST_TEST(query.null(1));
}

BOOST_AUTO_TEST_CASE(a_newer_schema_is_refused_and_left_alone) {
    const TemporaryFolder folder;
    const std::string_view both[] = {first, second};
    BOOST_REQUIRE(Database::open(folder / "state.db", both));
    const std::string_view old[] = {first};
    const auto refused = Database::open(folder / "state.db", old);
    BOOST_REQUIRE(!refused);
    BOOST_TEST((refused.error().code == Errc::bad_configuration));
    BOOST_TEST(refused.error().detail.find("has schema 2, this program knows up to 1") != std::string::npos,
               refused.error().detail);
    BOOST_TEST(refused.error().detail.find((folder / "state.db").string()) != std::string::npos);
    auto opened = Database::open(folder / "state.db", both);
    BOOST_REQUIRE(opened);
    BOOST_TEST(schema(*opened) == 2);
}

BOOST_AUTO_TEST_CASE(a_migration_that_fails_leaves_the_schema_before_it) {
    const TemporaryFolder folder;
    const std::string_view broken[] = {first,
                                       "CREATE TABLE half (name TEXT); CREATE TABLE things (name TEXT)"};
    const auto refused = Database::open(folder / "state.db", broken);
    BOOST_REQUIRE(!refused);
    BOOST_TEST(refused.error().detail.find("cannot be brought to schema 2") != std::string::npos);
    const std::string_view old[] = {first};
    auto opened = Database::open(folder / "state.db", old);
    BOOST_REQUIRE(opened);
    BOOST_TEST(schema(*opened) == 1);
    auto half = opened->query("SELECT count(*) FROM sqlite_schema WHERE name = 'half'");
    BOOST_REQUIRE(half.next());
    BOOST_TEST(half.number(0) == 0);
}

BOOST_AUTO_TEST_CASE(what_is_no_database_is_refused_by_name) {
    const TemporaryFolder folder;
    const std::string_view migrations[] = {first};
    std::ofstream(folder / "state.db") << std::string(8192, 'x');
    const auto refused = Database::open(folder / "state.db", migrations);
    BOOST_REQUIRE(!refused);
    BOOST_TEST((refused.error().code == Errc::bad_configuration));
    const auto nowhere = Database::open(folder / "missing" / "state.db", migrations);
    BOOST_REQUIRE(!nowhere);
    BOOST_TEST(nowhere.error().detail.find("cannot be created") != std::string::npos, nowhere.error().detail);
}

BOOST_AUTO_TEST_CASE(values_come_back_as_they_were_bound) {
    const TemporaryFolder folder;
    const std::string_view migrations[] = {first, second};
    auto opened = Database::open(folder / "state.db", migrations);
    BOOST_REQUIRE(opened);
    const std::string odd("nul \0 and quote '", 17);
    opened->query("INSERT INTO things VALUES (?, ?, ?, ?)")
        .with(odd, std::uint64_t{1} << 53U, 1.5, std::optional<std::string>())
        .run();
    BOOST_TEST(opened->changes() == 1);
    auto query = opened->query("SELECT name, number, real, more FROM things");
    BOOST_REQUIRE(query.next());
    BOOST_TEST(query.text(0) == odd);
    BOOST_TEST(query.number(1) == std::int64_t{1} << 53U);
    BOOST_TEST(query.real(2) == 1.5);
    BOOST_TEST(query.null(3));
    BOOST_TEST(!query.text_or_none(3));
    BOOST_TEST(!query.next());
    BOOST_CHECK_THROW(opened->query("SELECT ?").bind(std::numeric_limits<std::uint64_t>::max()),
                      std::out_of_range);
}

BOOST_AUTO_TEST_CASE(a_statement_serves_again_after_its_query_ended) {
    const TemporaryFolder folder;
    const std::string_view migrations[] = {first};
    auto opened = Database::open(folder / "state.db", migrations);
    BOOST_REQUIRE(opened);
    for (const auto* name : {"one", "two"})
        opened->query("INSERT INTO things (name, number) VALUES (?, ?)").with(name, 1).run();
    // Left in the middle, and with a parameter that the second use does not bind.
    BOOST_REQUIRE(opened->query("SELECT name FROM things WHERE ? IS NULL OR number = 1").with(7).next());
    auto query = opened->query("SELECT name FROM things WHERE ? IS NULL OR number = 1");
    BOOST_TEST(query.next());
    BOOST_TEST(query.next());
    BOOST_TEST(!query.next());
}

BOOST_AUTO_TEST_CASE(a_transaction_without_commit_changes_nothing) {
    const TemporaryFolder folder;
    const std::string_view migrations[] = {first};
    auto opened = Database::open(folder / "state.db", migrations);
    BOOST_REQUIRE(opened);
    {
        Transaction transaction(*opened);
        opened->query("INSERT INTO things (name) VALUES ('gone')").run();
    }
    BOOST_TEST(count(*opened) == 0);
    {
        Transaction transaction(*opened);
        opened->query("INSERT INTO things (name) VALUES ('here')").run();
        transaction.commit();
    }
    BOOST_TEST(count(*opened) == 1);
}

BOOST_AUTO_TEST_CASE(what_sqlite_refuses_is_thrown_with_its_words) {
    const TemporaryFolder folder;
    const std::string_view migrations[] = {first};
    auto opened = Database::open(folder / "state.db", migrations);
    BOOST_REQUIRE(opened);
    opened->query("INSERT INTO things (name) VALUES ('once')").run();
    BOOST_CHECK_EXCEPTION(opened->query("INSERT INTO things (name) VALUES ('once')").run(),
                          std::runtime_error, [](const std::runtime_error& error) {
                              return std::string_view(error.what()).find("UNIQUE") != std::string_view::npos;
                          });
    BOOST_CHECK_THROW(static_cast<void>(opened->query("SELECT nothing FROM nowhere")), std::runtime_error);
}

BOOST_AUTO_TEST_CASE(a_full_disk_passes_and_a_statement_that_makes_no_sense_does_not) {
    const TemporaryFolder folder;
    const std::string_view migrations[] = {first};
    auto database = Database::open(folder / "state.db", migrations).value();
    database.query("PRAGMA max_page_count=1").run(); // as many as there are
    const auto insert = [&] {
        database.query("INSERT INTO things VALUES (?, 1, 1)").with(std::string(1 << 16, 'x')).run();
    };
    BOOST_CHECK_EXCEPTION(insert(), DatabaseFailure, [](const DatabaseFailure& failure) {
        return failure.reason() == Errc::no_room && failure.passes();
    });
    BOOST_TEST(count(database) == 0);
    database.query("PRAGMA max_page_count=1000000").run();
    insert();
    BOOST_TEST(count(database) == 1);
    BOOST_CHECK_EXCEPTION(insert(), DatabaseFailure, // the name is there
                          [](const DatabaseFailure& failure) { return !failure.passes(); });
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace two_path::state
