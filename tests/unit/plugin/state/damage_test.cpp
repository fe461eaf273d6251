// Whatever the disk makes of a database: it is refused by name, or has what was committed, in order.
#include "plugin/state/database.hpp"
#include "tests/support/temporary_folder.hpp"

#include <boost/test/unit_test.hpp>

#include <array>
#include <fstream>
#include <sstream>

namespace two_path::state {
namespace {

using tests::TemporaryFolder;

constexpr std::array<std::string_view, 1> schema{
    "CREATE TABLE things (number INTEGER PRIMARY KEY, name TEXT UNIQUE) STRICT"};
constexpr std::size_t page = 4096;
constexpr int rows = 60;

std::string contents(const std::filesystem::path& path) {
    std::ostringstream text;
    text << std::ifstream(path, std::ios::binary).rdbuf();
    return text.str();
}

/// A database as a kill leaves it: its last commits are in the write-ahead log.
struct Killed {
    Killed() {
        const TemporaryFolder folder;
        auto opened = Database::open(folder / "state.db", schema).value();
        for (int number = 0; number < rows; ++number) {
            opened.query("INSERT INTO things VALUES (?, ?)")
                .with(number, std::to_string(number) + std::string(500, 'x'))
                .run();
            if (number == rows / 2) BOOST_REQUIRE(opened.empty_log());
        }
        file = contents(folder / "state.db");
        log = contents(folder / "state.db-wal");
    }

    std::string file;
    std::string log;
};

/// How many rows there are, one after the other from the first; -1: refused, by name and with what to do.
/// Anything else fails.
int found(const std::string& file, const std::string& log) {
    const TemporaryFolder folder;
    std::ofstream(folder / "state.db", std::ios::binary) << file;
    std::ofstream(folder / "state.db-wal", std::ios::binary) << log;
    auto opened = Database::open(folder / "state.db", schema);
    if (!opened) {
        BOOST_TEST((opened.error().code == Errc::bad_configuration), opened.error().detail);
        BOOST_TEST(opened.error().detail.find("state.db") != std::string::npos, opened.error().detail);
        return -1;
    }
    int count = 0;
    for (auto query = opened->query("SELECT number, name FROM things ORDER BY number"); query.next();
         ++count) {
        BOOST_REQUIRE(query.number(0) == count);
        BOOST_REQUIRE(query.text(1) == std::to_string(count) + std::string(500, 'x'));
    }
    return count;
}

} // namespace

BOOST_AUTO_TEST_SUITE(damaged_database)

BOOST_AUTO_TEST_CASE(a_log_that_was_cut_or_changed_loses_only_what_came_last) {
    const Killed killed;
    BOOST_REQUIRE(found(killed.file, killed.log) == rows);
    int before = 0;
    for (std::size_t size = 0; size < killed.log.size(); size += page / 4) {
        const int cut = found(killed.file, killed.log.substr(0, size));
        BOOST_TEST(cut >= std::max(before, rows / 2 + 1));
        before = cut;
        auto changed = killed.log;
        changed[size] = static_cast<char>(changed[size] ^ 4);
        BOOST_TEST(found(killed.file, changed) >= rows / 2 + 1);
        BOOST_TEST(found(killed.file,
                         killed.log.substr(0, size) + std::string(killed.log.size() - size, '\0')) == cut);
    }
}

BOOST_AUTO_TEST_CASE(a_file_that_lost_pages_is_refused_and_never_taken_for_a_new_one) {
    const Killed killed;
    for (std::size_t size = 0; size < killed.file.size(); size += page / 2) {
        BOOST_TEST(found(killed.file.substr(0, size), "") == -1, size);
        BOOST_TEST(found(killed.file.substr(0, size) + std::string(killed.file.size() - size, '\0'), "") ==
                       -1,
                   size);
        BOOST_TEST(found(killed.file.substr(0, size) + std::string(killed.file.size() - size, '\xA5'), "") ==
                       -1,
                   size);
    }
}

BOOST_AUTO_TEST_CASE(what_is_left_of_one_that_was_begun_is_no_database_that_lost_what_it_held) {
    const Killed killed;
    const TemporaryFolder folder;
    std::ofstream(folder / "state.db.new", std::ios::binary) << killed.file.substr(0, page);
    std::ofstream(folder / "state.db-wal", std::ios::binary) << killed.log;
    auto opened = Database::open(folder / "state.db", schema);
    BOOST_REQUIRE(opened);
    BOOST_TEST(!opened->query("SELECT number FROM things").next());
    BOOST_TEST(!std::filesystem::exists(folder / "state.db.new"));
}

BOOST_AUTO_TEST_CASE(a_link_that_leads_nowhere_is_not_replaced_and_its_log_stays) {
    const TemporaryFolder folder;
    std::filesystem::create_symlink(folder / "a-disk-that-is-not-mounted", folder / "state.db");
    std::ofstream(folder / "state.db-wal") << "last commits";
    BOOST_TEST(!Database::open(folder / "state.db", schema));
    BOOST_TEST(std::filesystem::is_symlink(folder / "state.db"));
    BOOST_TEST(contents(folder / "state.db-wal") == "last commits");
}

BOOST_AUTO_TEST_CASE(one_that_cannot_be_made_leaves_nothing_in_its_place) {
    constexpr std::array<std::string_view, 1> broken{"CREATE NONSENSE"};
    const TemporaryFolder folder;
    BOOST_TEST(!Database::open(folder / "state.db", broken));
    BOOST_TEST(!std::filesystem::exists(folder / "state.db"));
    BOOST_TEST(Database::open(folder / "state.db", schema).has_value());
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace two_path::state
