/// The certificate that is made on a first start, and files that cannot be used.
#include "plugin/control/tls.hpp"

#include "plugin/durable_file.hpp"
#include "tests/support/temporary_folder.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <fstream>
#include <thread>

#include <sys/stat.h>

namespace two_path::control {
namespace {

struct CertificateFolder {
    tests::TemporaryFolder folder;
    CertificateFiles files{folder / "certificate.pem", folder / "key.pem"};

    void make(const std::vector<std::string>& names) {
        const auto made = make_certificate(files, names);
        BOOST_TEST_REQUIRE(made.has_value(), (made ? "" : made.error().detail));
    }
};

} // namespace

BOOST_AUTO_TEST_SUITE(tls)

BOOST_FIXTURE_TEST_CASE(a_made_certificate_names_what_it_was_made_for, CertificateFolder) {
    const std::vector<std::string> names{"updates.example.com", "192.0.2.7", "2001:db8::7", "localhost"};
    make(names);
    const auto facts = inspect_certificate(files.certificate, names);
    BOOST_TEST_REQUIRE(facts.has_value());
    BOOST_TEST(facts->uncovered.empty());
    BOOST_TEST(facts->fingerprint.size() == 64U);

    const std::vector<std::string> others{"example.com", "a.updates.example.com", "192.0.2.8", "2001:db8::8"};
    BOOST_TEST(inspect_certificate(files.certificate, others)->uncovered == others,
               boost::test_tools::per_element());
}

BOOST_FIXTURE_TEST_CASE(a_made_certificate_holds_for_its_time, CertificateFolder) {
    make({"localhost"});
    const auto left =
        inspect_certificate(files.certificate, {})->not_after - std::chrono::system_clock::now();
    BOOST_CHECK(left <= made_certificate_lifetime);
    BOOST_CHECK(left > made_certificate_lifetime - std::chrono::hours(48));
}

BOOST_FIXTURE_TEST_CASE(a_made_key_is_for_the_owner_alone_and_fits, CertificateFolder) {
    make({"localhost"});
    struct stat status {};
    BOOST_TEST_REQUIRE(::stat(files.key.c_str(), &status) == 0);
    BOOST_TEST((status.st_mode & 0777U) == 0600U);
    BOOST_TEST(server_tls(files).has_value());
    BOOST_TEST(client_tls(files.certificate).has_value());
}

BOOST_FIXTURE_TEST_CASE(each_certificate_is_another, CertificateFolder) {
    make({"localhost"});
    const auto first = inspect_certificate(files.certificate, {})->fingerprint;
    make({"localhost"});
    BOOST_TEST(inspect_certificate(files.certificate, {})->fingerprint != first);
}

BOOST_FIXTURE_TEST_CASE(a_long_name_does_not_stop_the_certificate, CertificateFolder) {
    const std::string name = std::string(60, 'a') + "." + std::string(60, 'b') + ".example";
    make({name});
    BOOST_TEST(inspect_certificate(files.certificate, {name})->uncovered.empty());
}

BOOST_AUTO_TEST_CASE(this_machine_is_always_known_as_localhost) {
    const auto names = own_names();
    for (const char* name : {"localhost", "127.0.0.1", "::1"})
        BOOST_TEST((std::find(names.begin(), names.end(), name) != names.end()), name);
}

BOOST_FIXTURE_TEST_CASE(unusable_files_are_named, CertificateFolder) {
    const auto absent = server_tls(files);
    BOOST_CHECK(absent.error().code == Errc::bad_configuration);
    BOOST_TEST(absent.error().detail.starts_with(files.certificate.string() + ": "));

    make({"localhost"});
    const CertificateFiles other{folder / "other.pem", folder / "other-key.pem"};
    BOOST_TEST(make_certificate(other, {"localhost"}).has_value());
    const auto no_pair = server_tls({files.certificate, other.key});
    BOOST_CHECK(no_pair.error().code == Errc::bad_configuration);
    BOOST_TEST(no_pair.error().detail.starts_with(other.key.string() + ": "));

    std::ofstream(folder / "text") << "not PEM";
    BOOST_CHECK(inspect_certificate(folder / "text", {}).error().code == Errc::bad_configuration);
    BOOST_CHECK(client_tls(folder / "text").error().code == Errc::bad_configuration);
    BOOST_CHECK(client_tls(folder / "none").error().code == Errc::bad_configuration);
}

BOOST_FIXTURE_TEST_CASE(a_certificate_in_a_missing_folder_is_an_error_and_leaves_nothing, CertificateFolder) {
    const CertificateFiles elsewhere{folder / "no" / "certificate.pem", folder / "no" / "key.pem"};
    BOOST_CHECK(make_certificate(elsewhere, {"localhost"}).has_error());
    BOOST_TEST(std::filesystem::is_empty(folder.path()));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(durable_file)

BOOST_AUTO_TEST_CASE(files_are_replaced_whole_with_their_permissions) {
    const tests::TemporaryFolder folder;
    const auto file = folder / "secret";
    BOOST_TEST(write_durably(file, "a longer text than the next", 0644).has_value());
    BOOST_TEST(write_durably(file, "second", 0600).has_value());
    BOOST_TEST(read_small_file(file, 6).value() == "second");
    BOOST_CHECK(read_small_file(file, 5).error().code == Errc::too_large);
    struct stat status {};
    BOOST_TEST(::stat(file.c_str(), &status) == 0);
    BOOST_TEST((status.st_mode & 0777U) == 0600U);
    BOOST_TEST(std::distance(std::filesystem::directory_iterator(folder.path()), {}) == 1);
    BOOST_CHECK(read_small_file(folder / "none", 5).error().code == Errc::not_found);
}

BOOST_AUTO_TEST_CASE(reading_takes_the_memory_of_the_file_and_not_of_the_limit) {
    const tests::TemporaryFolder folder;
    const auto file = folder / "file";
    const std::string content(100'000, 'x');
    BOOST_TEST(write_durably(file, content, 0600).has_value());
    const auto read = read_small_file(file, std::size_t{512} << 20U).value();
    BOOST_TEST(read == content);
    BOOST_TEST(read.capacity() < 2 * content.size());
}

BOOST_AUTO_TEST_CASE(what_tells_no_size_is_read_to_its_end_or_the_limit) {
    const tests::TemporaryFolder folder;
    const auto file = folder / "pipe";
    BOOST_REQUIRE_EQUAL(::mkfifo(file.c_str(), 0600), 0);
    const std::string content(100'000, 'x');
    for (const std::size_t limit : {content.size(), content.size() - 1}) {
        std::thread writer([&] { std::ofstream(file) << content; });
        const auto read = read_small_file(file, limit);
        writer.join();
        if (limit == content.size())
            BOOST_TEST(read.value() == content);
        else
            BOOST_CHECK(read.error().code == Errc::too_large);
    }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace two_path::control
