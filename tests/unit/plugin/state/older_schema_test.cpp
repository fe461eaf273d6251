// The state that an older two-path-server left, opened by this one.
#include "plugin/host/embedded/device_deployments.hpp"
#include "plugin/host/embedded/embedded_host.hpp"
#include "plugin/host/embedded/users.hpp"
#include "plugin/state/admission.hpp"
#include "plugin/state/store.hpp"
#include "tests/support/temporary_folder.hpp"

#include <boost/test/unit_test.hpp>

#include <sqlite3.h>

#include <fstream>
#include <iterator>

namespace two_path::state {
BOOST_AUTO_TEST_SUITE(older_schema)

namespace {

using tests::TemporaryFolder;

/// Its statements are those that such a server's database was dumped to.
void make(const std::filesystem::path& file, const std::string& dump) {
    std::ifstream text(std::string(TWO_PATH_SOURCE "/tests/unit/plugin/") + dump);
    BOOST_REQUIRE(text);
    const std::string sql{std::istreambuf_iterator<char>(text), {}};
    sqlite3* database = nullptr;
    BOOST_REQUIRE(sqlite3_open(file.c_str(), &database) == SQLITE_OK);
    char* error = nullptr;
    BOOST_TEST(sqlite3_exec(database, sql.c_str(), nullptr, nullptr, &error) == SQLITE_OK, error);
    sqlite3_free(error);
    sqlite3_close(database);
}

std::int64_t number(Database& database, const std::string& sql) {
    auto query = database.query(sql);
    BOOST_REQUIRE(query.next());
    return query.number(0);
}

constexpr const char* committed = "44LKCnuzWPNM68htlx5dlA";
constexpr const char* begun = "vhwW7c70PuDY3--cEe9xTw";
constexpr const char* device = "6e2a12ed-b0ac-4986-88da-b4f5bacdc22b";

} // namespace

BOOST_AUTO_TEST_CASE(releases_sessions_and_events_of_the_first_schema_are_there) {
    const TemporaryFolder folder;
    make(folder / "two-path.db", "state/two-path_schema_1.sql");
    auto store = Store::open(folder.path(), Clock::system());
    BOOST_REQUIRE(store);
    BOOST_REQUIRE_EQUAL(store->releases().size(), 2U);
    BOOST_TEST(store->release("old-2.0")->descriptor.files.at(0).wire_size == 3145728U);
    BOOST_TEST(store->releases_with(store->release("old-3.0")->descriptor.files.at(0).id).size() == 1U);

    const auto session = store->session(committed);
    BOOST_REQUIRE(session);
    BOOST_TEST((session->state == SessionState::committed));
    BOOST_TEST(session->device == device);
    BOOST_TEST(session->reported.value_or("") == "2.0");
    BOOST_REQUIRE(session->transfer);
    BOOST_TEST(session->transfer->path == "ftp");
    const auto events = store->events(committed);
    BOOST_REQUIRE_EQUAL(events.size(), 9U);
    BOOST_TEST(events[7].detail == "expected 2.0, the device reports 2.0");
    BOOST_TEST(store->committed(device).at("tracer") == 1795633375U);
}

BOOST_AUTO_TEST_CASE(what_had_begun_goes_on) {
    const TemporaryFolder folder;
    make(folder / "two-path.db", "state/two-path_schema_1.sql");
    // As it was two seconds after the certification was stored.
    auto store = Store::open(folder.path(), {[] { return std::int64_t{1'795'633'379'000}; },
                                             [] { return std::int64_t{1'000'000}; }});
    BOOST_REQUIRE(store);
    Admission admission(*store, Lifetimes{});
    BOOST_TEST(admission.find(begun) != nullptr);
    BOOST_TEST(admission.login(begun, "192.0.2.9"));
    auto session = store->session(begun).value();
    BOOST_TEST((session.state == SessionState::transferring));
    store->tell_results([](const Session&) { return "{}"; }, {});
    BOOST_TEST(store->take(session, SessionStep::aborted, "operator", "").value());
    BOOST_TEST(store->next_notice()->session == begun);
    BOOST_TEST(store->certifications().empty());
}

BOOST_AUTO_TEST_CASE(opened_twice_it_stays_the_same) {
    const TemporaryFolder folder;
    make(folder / "two-path.db", "state/two-path_schema_1.sql");
    for (int i = 0; i < 2; ++i) {
        auto store = Store::open(folder.path(), Clock::system());
        BOOST_REQUIRE(store);
        BOOST_TEST(store->sessions({}).size() == 2U);
        BOOST_TEST(store->events(begun).size() == 2U);
    }
}

BOOST_AUTO_TEST_CASE(users_devices_and_deployments_of_the_first_schema_are_there) {
    const TemporaryFolder folder;
    make(folder / "host.db", "host/host_schema_1.sql");
    auto database = host::open_embedded_database(folder.path());
    BOOST_REQUIRE(database);
    BOOST_TEST(number(*database, "PRAGMA user_version") >= 2);
    BOOST_TEST(host::embedded::user_by_email(*database, "operator@example.com").has_value());
    BOOST_TEST(number(*database, "SELECT count(*) FROM devices") == 1);
    BOOST_TEST(number(*database, "SELECT count(*) FROM deployments") == 2);
    const auto part = host::embedded::find_part(*database, "f74be785-66d6-4a43-a91d-142e391a11f2", device);
    BOOST_REQUIRE(part);
    BOOST_TEST((part->status == host::embedded::DeviceStatus::success));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace two_path::state
