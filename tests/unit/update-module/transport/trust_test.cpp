/// Whom the device trusts, and what it reads to know.
#include "tests/support/temporary_folder.hpp"
#include "tests/unit/update-module/transport/http_site.hpp"
#include "update-module/control/https_client.hpp"

#include <openssl/x509.h>

#include <boost/test/unit_test.hpp>

#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>

namespace two_path::tests {

namespace {

namespace fs = std::filesystem;

/// Tells whether a file was opened since.
class OpenWatch {
  public:
    explicit OpenWatch(const fs::path& file)
      : queue_(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC)) {
        BOOST_TEST_REQUIRE(::inotify_add_watch(queue_, file.c_str(), IN_OPEN) >= 0);
    }
    OpenWatch(const OpenWatch&) = delete;
    OpenWatch& operator=(const OpenWatch&) = delete;
    ~OpenWatch() { ::close(queue_); }

    [[nodiscard]] bool opened() const {
        std::array<char, 4096> events{};
        return ::read(queue_, events.data(), events.size()) > 0;
    }

  private:
    int queue_;
};

/// An environment variable for as long as it lives.
class Variable {
  public:
    Variable(const char* name, const std::string& value)
      : name_(name) {
        if (const char* before = std::getenv(name)) before_ = before;
        ::setenv(name, value.c_str(), 1);
    }
    Variable(const Variable&) = delete;
    Variable& operator=(const Variable&) = delete;
    ~Variable() { before_ ? ::setenv(name_, before_->c_str(), 1) : ::unsetenv(name_); }

  private:
    const char* name_;
    std::optional<std::string> before_;
};

/// The system's authorities, a bundle and a folder of files named by their hash; and a server whose
/// certificate comes from a root through an authority between them, which it sends along.
struct Trust {
    Trust() {
        fs::create_directory(folder / "hashed");
        std::ofstream(folder / "bundle.pem") << "none yet\n";
    }

    TemporaryFolder folder;
    std::array<TemporaryFolder, 4> folders;
    Variable bundle_variable{X509_get_default_cert_file_env(), (folder / "bundle.pem").string()};
    Variable folder_variable{X509_get_default_cert_dir_env(), (folder / "hashed").string()};
    TestCertificate root{folders[0].path().string(), -60, "DNS:root.test", "root"};
    TestCertificate between{folders[1].path().string(), -60, "DNS:between.test", "between", &root};
    TestCertificate server{folders[2].path().string(), -60, "IP:127.0.0.1", "plugin", &between};
    TestCertificate namesake{folders[3].path().string(), -60, "DNS:root.test", "root"}; ///< another key

    void add_to_bundle(const TestCertificate& added) const {
        std::ofstream(folder / "bundle.pem") << std::ifstream(added.certificate_file).rdbuf();
    }
    void add_to_folder(const TestCertificate& added) const {
        std::array<char, 16> name{};
        std::snprintf(name.data(), name.size(), "%08lx.0", X509_subject_name_hash(added.certificate.get()));
        fs::copy_file(added.certificate_file, folder / "hashed" / name.data());
    }
    [[nodiscard]] OpenWatch watch_bundle() const { return OpenWatch(folder / "bundle.pem"); }

    /// Whether a client with that CA file takes an answer from the server.
    [[nodiscard]] bool trusted(control::HttpsClient& client) const {
        HttpSite site(&server);
        site.then(http_answer("200 OK", "{}"));
        const auto reply = client.exchange(site.url(), "t", {"GET", "/x", {}},
                                           Deadline::in(std::chrono::milliseconds(5'000)));
        BOOST_TEST((reply || reply.error().code == Errc::plugin_unreachable));
        return bool(reply);
    }
    [[nodiscard]] bool trusted(const std::string& ca_file = {}) const {
        control::HttpsClient client(ca_file);
        return trusted(client);
    }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(trust, Trust)

BOOST_AUTO_TEST_CASE(nobody_unknown) {
    add_to_bundle(namesake);
    BOOST_TEST(!trusted());
    BOOST_TEST(!trusted(namesake.certificate_file));
}

BOOST_AUTO_TEST_CASE(the_configured_authority_without_a_look_at_the_systems_bundle) {
    const auto bundle = watch_bundle();
    BOOST_TEST(trusted(root.certificate_file));
    BOOST_TEST(!bundle.opened());
}

BOOST_AUTO_TEST_CASE(the_systems_folder_without_a_look_at_its_bundle) {
    add_to_folder(root);
    const auto bundle = watch_bundle();
    BOOST_TEST(trusted());
    BOOST_TEST(!bundle.opened());
}

BOOST_AUTO_TEST_CASE(the_systems_bundle_at_every_connection_after_one_reading) {
    add_to_bundle(root);
    const auto bundle = watch_bundle();
    control::HttpsClient client(std::string{});
    BOOST_TEST(trusted(client));
    BOOST_TEST(bundle.opened());
    BOOST_TEST(trusted(client));
    BOOST_TEST(!bundle.opened());
}

BOOST_AUTO_TEST_CASE(an_authority_of_the_bundle_also_where_the_configured_one_has_its_name) {
    add_to_bundle(root);
    BOOST_TEST(trusted(namesake.certificate_file));
}

BOOST_AUTO_TEST_CASE(the_configured_authority_where_the_system_is_said_to_have_no_folder) {
    const Variable none(X509_get_default_cert_dir_env(), "");
    BOOST_TEST(trusted(root.certificate_file));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace two_path::tests
