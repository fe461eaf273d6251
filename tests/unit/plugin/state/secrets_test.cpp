// Where certifications that died can still be read: nowhere.
#include "tests/support/plugin_world.hpp"

#include <boost/test/unit_test.hpp>
#include <sqlite3.h>

#include <fstream>
#include <iterator>
#include <vector>

namespace two_path::state {
BOOST_AUTO_TEST_SUITE(secrets)

namespace {

using tests::PluginWorld;
using tests::TemporaryFolder;

/// Every byte of every file below `folder`.
std::string all_bytes(const std::filesystem::path& folder) {
    std::string bytes;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
        if (!entry.is_regular_file()) continue;
        std::ifstream in(entry.path(), std::ios::binary);
        bytes.append(std::istreambuf_iterator<char>(in), {});
    }
    return bytes;
}

std::size_t found(const std::vector<std::string>& certifications, const std::string& bytes) {
    std::size_t count = 0;
    for (const auto& text : certifications) {
        const auto raw = from_base64url(text).value();
        const std::string_view secret(reinterpret_cast<const char*>(raw.data()), raw.size());
        if (bytes.find(text) != std::string::npos || bytes.find(secret) != std::string::npos) ++count;
    }
    return count;
}

/// So many sessions that their certifications fill several pages of the database; every second one dies.
struct HalfDead : PluginWorld {
    std::vector<std::string> dead_ones;
    std::vector<std::string> live_ones;

    HalfDead() {
        const auto descriptor = describe("app-2.0", "2.0", "some bytes");
        publish(descriptor);
        for (int i = 0; i < 120; ++i) {
            const auto device = "device-" + std::to_string(i);
            deploy(device, descriptor, "deployment-1");
            const auto reply = open(device, request(descriptor)).value();
            sessions().stored(device, reply.session).value();
            if (i % 2 == 0) {
                live_ones.push_back(*reply.certification);
                continue;
            }
            dead_ones.push_back(*reply.certification);
            sessions().transferred(device, reply.session, {10, 0, 0, 2.5, 0.5, "sha256", "ftp"}).value();
            sessions().invalidated(device, reply.session).value();
        }
    }
};

} // namespace

BOOST_AUTO_TEST_CASE(a_dead_certification_is_soon_in_no_file_while_the_plugin_runs) {
    HalfDead world;
    BOOST_TEST(found(world.dead_ones, all_bytes(world.folder.path())) > 0U); // in the write-ahead log
    world.store().forget_dead();
    BOOST_TEST(found(world.dead_ones, all_bytes(world.folder.path())) == 0U);
    BOOST_TEST(found(world.live_ones, all_bytes(world.folder.path())) == world.live_ones.size());

    world.time.pass(std::chrono::hours(2));
    world.sessions().expire();
    world.store().forget_dead();
    BOOST_TEST(found(world.live_ones, all_bytes(world.folder.path())) == 0U);
}

BOOST_AUTO_TEST_CASE(a_graceful_end_leaves_no_dead_certification_in_a_file) {
    HalfDead world;
    world.stop();
    BOOST_TEST(found(world.dead_ones, all_bytes(world.folder.path())) == 0U);
    BOOST_TEST(found(world.live_ones, all_bytes(world.folder.path())) == world.live_ones.size());
}

BOOST_AUTO_TEST_CASE(what_a_killed_plugin_left_is_cleared_by_the_next_one) {
    const HalfDead world;
    const TemporaryFolder left; // the files as a kill leaves them, the log still full
    std::filesystem::copy(world.folder.path(), left.path(),
                          std::filesystem::copy_options::recursive |
                              std::filesystem::copy_options::overwrite_existing);
    BOOST_REQUIRE(found(world.dead_ones, all_bytes(left.path())) > 0U);
    auto next = Store::open(left.path(), Clock::system()).value();
    next.forget_dead();
    BOOST_TEST(found(world.dead_ones, all_bytes(left.path())) == 0U);
}

BOOST_AUTO_TEST_CASE(another_reader_of_the_database_puts_it_off) {
    HalfDead world;
    sqlite3* other = nullptr;
    BOOST_REQUIRE_EQUAL(sqlite3_open((world.folder / "two-path.db").c_str(), &other), SQLITE_OK);
    BOOST_REQUIRE_EQUAL(sqlite3_exec(other, "BEGIN; SELECT * FROM sessions", nullptr, nullptr, nullptr),
                        SQLITE_OK);
    world.store().forget_dead();
    BOOST_TEST(found(world.dead_ones, all_bytes(world.folder.path())) > 0U);
    sqlite3_close(other);
    world.store().forget_dead();
    BOOST_TEST(found(world.dead_ones, all_bytes(world.folder.path())) == 0U);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace two_path::state
