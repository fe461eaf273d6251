/// Whom the device trusts, and what it reads to know.
#include "tests/support/temporary_folder.hpp"
#include "tests/unit/update-module/transport/http_site.hpp"
#include "update-module/control/https_client.hpp"

#include <openssl/pem.h>
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
#include <memory>
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

/// The system's authorities for as long as it lives: a bundle, and a folder of files named by their hash.
class Authorities {
  public:
    explicit Authorities(const fs::path& folder)
      : bundle_(folder / "bundle.pem")
      , hashed_(folder / "hashed") {
        fs::create_directory(hashed_);
        std::ofstream(bundle_) << "none yet\n";
        ::setenv(X509_get_default_cert_file_env(), bundle_.c_str(), 1);
        ::setenv(X509_get_default_cert_dir_env(), hashed_.c_str(), 1);
    }
    Authorities(const Authorities&) = delete;
    Authorities& operator=(const Authorities&) = delete;
    ~Authorities() {
        ::unsetenv(X509_get_default_cert_file_env());
        ::unsetenv(X509_get_default_cert_dir_env());
    }

    void add_to_bundle(const TestCertificate& certificate) const {
        std::ofstream(bundle_) << std::ifstream(certificate.certificate_file).rdbuf();
    }
    void add_to_folder(const TestCertificate& certificate) const {
        const std::unique_ptr<FILE, decltype(&std::fclose)> file(
            std::fopen(certificate.certificate_file.c_str(), "r"), &std::fclose);
        const std::unique_ptr<X509, decltype(&X509_free)> read(
            PEM_read_X509(file.get(), nullptr, nullptr, nullptr), &X509_free);
        BOOST_TEST_REQUIRE(read.get());
        std::array<char, 16> name{};
        std::snprintf(name.data(), name.size(), "%08lx.0", X509_subject_name_hash(read.get()));
        fs::copy_file(certificate.certificate_file, hashed_ / name.data());
    }
    [[nodiscard]] OpenWatch watch_bundle() const { return OpenWatch(bundle_); }

  private:
    fs::path bundle_;
    fs::path hashed_;
};

struct Trust {
    TemporaryFolder folder;
    Authorities authorities{folder.path()};
    TestCertificate certificate{folder.path().string()};

    /// Whether a client with that CA file takes an answer from a server with the certificate.
    [[nodiscard]] bool trusted(control::HttpsClient& client) const {
        HttpSite site(&certificate);
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
    BOOST_TEST(!trusted());
    BOOST_TEST(!trusted());
}

BOOST_AUTO_TEST_CASE(the_configured_certificate_without_a_look_at_the_systems_bundle) {
    const auto bundle = authorities.watch_bundle();
    BOOST_TEST(trusted(certificate.certificate_file));
    BOOST_TEST(!bundle.opened());
}

BOOST_AUTO_TEST_CASE(the_systems_folder_without_a_look_at_its_bundle) {
    authorities.add_to_folder(certificate);
    const auto bundle = authorities.watch_bundle();
    BOOST_TEST(trusted());
    BOOST_TEST(!bundle.opened());
}

BOOST_AUTO_TEST_CASE(the_systems_bundle_at_every_connection_after_one_reading) {
    authorities.add_to_bundle(certificate);
    const auto bundle = authorities.watch_bundle();
    control::HttpsClient client(std::string{});
    BOOST_TEST(trusted(client));
    BOOST_TEST(bundle.opened());
    BOOST_TEST(trusted(client));
    BOOST_TEST(!bundle.opened());
}

BOOST_AUTO_TEST_CASE(the_systems_bundle_beside_a_configured_certificate_of_another_name) {
    const TemporaryFolder other;
    authorities.add_to_bundle(certificate);
    const TestCertificate configured(other.path().string(), -60, "IP:127.0.0.1", "other");
    BOOST_TEST(trusted(configured.certificate_file));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace two_path::tests
