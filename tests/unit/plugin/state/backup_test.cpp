#include "plugin/state/backup.hpp"

#include "tests/support/plugin_world.hpp"

#include <boost/test/unit_test.hpp>

#include <fstream>
#include <iterator>

namespace two_path::state {
namespace {

using tests::PluginWorld;
using tests::TemporaryFolder;

std::string content_of(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(backup, PluginWorld)

BOOST_AUTO_TEST_CASE(a_copy_of_a_database_in_use_is_whole_and_without_certifications) {
    const auto descriptor = describe("app-2.0", "2.0", "some bytes");
    publish(descriptor);
    deploy("device-1", descriptor, "deployment-1");
    const auto id = open("device-1", request(descriptor)).value().session;
    sessions().stored("device-1", id).value();
    const auto secret = store().certification(id)->certification.text();

    const TemporaryFolder copies;
    BOOST_REQUIRE(copy_database(folder / "two-path.db", copies / "two-path.db", "certifications"));
    BOOST_TEST(content_of(copies / "two-path.db").find(secret) == std::string::npos);
    const auto permissions = std::filesystem::status(copies / "two-path.db").permissions();
    BOOST_TEST((permissions == (std::filesystem::perms::owner_read | std::filesystem::perms::owner_write)));
    BOOST_TEST(payloads_of_releases(copies / "two-path.db").value() ==
                   std::vector<std::string>{descriptor.files[0].id},
               boost::test_tools::per_element());
    // The one in use goes on.
    BOOST_TEST(admission().login(id, "192.0.2.9"));

    auto copy = Store::open(copies.path(), time.clock());
    BOOST_REQUIRE(copy);
    BOOST_TEST((copy->session(id)->state == SessionState::certified));
    BOOST_TEST(copy->certifications().empty());
    BOOST_TEST(copy->releases().size() == 1U);

    // Restored, what was under way then ends like everything that nobody speaks of any more.
    Admission admitted(*copy, Lifetimes{});
    control::Sessions restored(*copy, admitted, payloads(), host,
                               {"ftp.example", 2121, std::chrono::hours(24 * 7)});
    restored.expire();
    BOOST_TEST((copy->session(id)->state == SessionState::certified));
    time.pass(std::chrono::hours(24 * 8));
    restored.expire();
    BOOST_TEST((copy->session(id)->state == SessionState::expired));
}

BOOST_AUTO_TEST_CASE(what_is_no_database_or_is_there_already_is_refused) {
    const TemporaryFolder copies;
    std::ofstream(copies / "text") << std::string(5000, 'x');
    BOOST_TEST((copy_database(copies / "text", copies / "copy").error().code == Errc::bad_configuration));
    BOOST_TEST(!copy_database(copies / "none", copies / "copy").has_value());
    std::ofstream(copies / "there") << "x";
    BOOST_TEST(!copy_database(folder / "two-path.db", copies / "there").has_value());
    BOOST_TEST(content_of(copies / "there") == "x");
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace two_path::state
