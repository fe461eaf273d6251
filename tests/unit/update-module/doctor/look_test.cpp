// What the doctor sees: of files as they lie on a device, of a server's certificate, of whoever greets.
#include "update-module/bulk/greeting.hpp"
#include "update-module/control/server_certificate.hpp"
#include "update-module/doctor/look_device.hpp"

#include "tests/unit/update-module/state/files.hpp"
#include "tests/unit/update-module/transport/http_site.hpp"

#include <boost/test/unit_test.hpp>

#include <ctime>
#include <thread>

#include <arpa/inet.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace two_path;
using namespace two_path::device;
using tests::HttpSite;
using tests::put;
using tests::TemporaryFolder;
using tests::TestCertificate;

BOOST_AUTO_TEST_SUITE(doctor_looks)

namespace {

/// Also for root, who may read what nobody may.
struct Device : TemporaryFolder {
    std::string modules = (path() / "modules").string();
    MenderFolders mender{(path() / "etc").string(), (path() / "lib").string()};
    std::filesystem::path scripts = path() / "etc" / "scripts";

    Device() {
        put(path() / "modules/two-path", "#!/bin/sh\n", true);
        put(path() / "modules/tracer", "#!/bin/sh\n", true);
        put(path() / "modules/README", "not a module");
        put(path() / "modules/.hidden", "", true);
        for (const auto& script : std::filesystem::directory_iterator(STATE_SCRIPTS))
            if (script.path().filename() != "meson.build") {
                put(scripts / script.path().filename(), tests::contents(script.path()),
                    script.path().filename() != "version");
            }
    }
};

/// Says one thing to one visitor, and waits until he leaves.
class Greeter {
  public:
    explicit Greeter(std::string text)
      : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        auto* place = reinterpret_cast<sockaddr*>(&address);
        BOOST_REQUIRE(::bind(listener_, place, size) == 0 && ::listen(listener_, 1) == 0);
        BOOST_REQUIRE(::getsockname(listener_, place, &size) == 0);
        port_ = ntohs(address.sin_port);
        thread_ = std::thread([this, text = std::move(text)] { greet(text); });
    }
    ~Greeter() {
        ::shutdown(listener_, SHUT_RDWR);
        thread_.join();
        ::close(listener_);
    }
    [[nodiscard]] std::uint16_t port() const { return port_; }

  private:
    void greet(const std::string& text) const {
        const int visitor = ::accept(listener_, nullptr, nullptr);
        if (visitor < 0) return;
        static_cast<void>(::send(visitor, text.data(), text.size(), MSG_NOSIGNAL));
        char byte{};
        while (::recv(visitor, &byte, 1, 0) > 0) {
        }
        ::close(visitor);
    }

    int listener_;
    std::uint16_t port_{0};
    std::thread thread_;
};

Deadline soon() {
    return Deadline::in(milliseconds(10'000));
}

Result<control::ServerCertificate> look(const HttpSite& site, const std::string& ca) {
    return control::look_at_certificate(site.url(), ca, soon());
}

} // namespace

BOOST_AUTO_TEST_CASE(at_the_module_and_the_installers_beside_it) {
    const Device device;
    const auto module = look_at_module(device.modules);
    BOOST_TEST((module.there && module.executable && !module.same));
    std::filesystem::remove(device / "modules/two-path");
    std::filesystem::create_symlink("/proc/self/exe", device / "modules/two-path");
    BOOST_TEST(look_at_module(device.modules).same);
    BOOST_TEST(!look_at_module(device.modules + "/none").there);
    const auto installers = look_at_installers(device.modules);
    BOOST_TEST((installers.names == std::vector<std::string>{"tracer"}));
    BOOST_TEST(!installers.more);
    for (int number = 0; number < 16; ++number)
        put(device / "modules" / ("more-" + std::to_string(number)), "", true);
    BOOST_TEST(look_at_installers(device.modules).names.size() == 16U);
    BOOST_TEST(look_at_installers(device.modules).more);
}

BOOST_AUTO_TEST_CASE(at_the_state_scripts_that_the_project_ships) {
    const Device device;
    auto seen = look_at_scripts(device.mender);
    BOOST_TEST((seen.any && seen.missing.empty() && seen.not_executable.empty()));
    BOOST_TEST(seen.version == "3");
    std::filesystem::remove(device.scripts / "version");
    std::filesystem::remove(device.scripts / "Idle_Enter_50_two-path");
    ::chmod((device.scripts / "Sync_Enter_50_two-path").c_str(), 0644);
    seen = look_at_scripts(device.mender);
    BOOST_TEST(seen.version.empty());
    BOOST_TEST((seen.missing == std::vector<std::string>{"Idle_Enter_50_two-path"}));
    BOOST_TEST((seen.not_executable == std::vector<std::string>{"Sync_Enter_50_two-path"}));
    std::filesystem::remove_all(device.scripts);
    BOOST_TEST(!look_at_scripts(device.mender).any);
}

BOOST_AUTO_TEST_CASE(at_folders_that_are_there_or_not) {
    const Device device;
    const auto folder = (device / "state").string();
    BOOST_TEST(!look_at_folder(folder).there);
    BOOST_TEST(look_at_folder(folder).writable);
    BOOST_TEST(look_at_room(folder + "/store").free > 0U);
    BOOST_TEST(look_at_room(folder + "/store").path == device.path().string());
    BOOST_TEST(!std::filesystem::exists(folder), "nothing is made");
    ::mkdir(folder.c_str(), 0750);
    const auto seen = look_at_folder(folder);
    BOOST_TEST((seen.there && seen.ours && seen.writable));
    BOOST_TEST((seen.mode & 07777U) == 0750U);
    const auto file = put(device / "file", "");
    BOOST_TEST(!look_at_folder(file).trouble.empty());
    BOOST_TEST(!look_at_folder(file + "/state").trouble.empty());
    BOOST_TEST(look_at_room("nowhere/to/be/found").trouble.find("nowhere") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(at_mender_s_configuration_for_its_server) {
    const Device device;
    Settings settings;
    settings.mender_conf = (device / "etc/mender.conf").string();
    BOOST_TEST(mender_server_url(settings, device.mender).empty());
    put(device / "lib/mender.conf", R"({"Servers":[{"ServerURL":"https://b"}]})");
    BOOST_TEST(mender_server_url(settings, device.mender) == "https://b");
    put(settings.mender_conf, R"({"ServerURL":"https://a"})");
    BOOST_TEST(mender_server_url(settings, device.mender) == "https://a");
    put(settings.mender_conf, "{");
    BOOST_TEST(mender_server_url(settings, device.mender) == "https://b");
}

BOOST_AUTO_TEST_CASE(at_a_certificate_whoever_it_is_good_for) {
    const TemporaryFolder folder;
    const auto now = static_cast<std::int64_t>(std::time(nullptr));
    {
        const TestCertificate good(folder.path().string(), -60, "IP:127.0.0.1,DNS:updates.example.com");
        const HttpSite site(&good);
        const auto seen = look(site, good.certificate_file);
        BOOST_REQUIRE(seen);
        BOOST_TEST(seen->trouble == "");
        BOOST_TEST(seen->names_server);
        BOOST_TEST((seen->names == std::vector<std::string>{"127.0.0.1", "updates.example.com"}));
        BOOST_TEST(std::abs(seen->begins - (now - 60)) <= 5);
        BOOST_TEST(seen->ends - seen->begins == 3600);
        const auto stranger = look(site, {});
        BOOST_REQUIRE(stranger);
        BOOST_TEST(stranger->trouble.find("self") != std::string::npos, stranger->trouble);
    }
    for (const long begins : {-7200L, 7200L}) {
        const TestCertificate untimely(folder.path().string(), begins);
        const HttpSite site(&untimely);
        const auto seen = look(site, untimely.certificate_file);
        BOOST_REQUIRE(seen);
        BOOST_TEST(seen->trouble == "", "its own dates are judged by who asks");
        BOOST_TEST(std::abs(seen->begins - (now + begins)) <= 5);
    }
    const TestCertificate foreign(folder.path().string(), -60, "DNS:other.example.com");
    const HttpSite site(&foreign);
    BOOST_TEST(!look(site, foreign.certificate_file).value().names_server);
    const HttpSite clear;
    BOOST_TEST((control::look_at_certificate("https" + clear.url().substr(4), {}, soon()).error().code ==
                Errc::plugin_unreachable));
}

BOOST_AUTO_TEST_CASE(at_whoever_greets) {
    const auto heard = [](const std::string& text, milliseconds time) {
        const Greeter greeter(text);
        return bulk::read_greeting({"127.0.0.1"}, greeter.port(), Deadline::in(time));
    };
    constexpr milliseconds enough{10'000};
    BOOST_TEST(heard("220 ready\r\n230 more", enough).value() == "220 ready");
    BOOST_TEST(heard("", milliseconds(200)).error().detail == "no greeting in time");
    BOOST_TEST(!heard(std::string(600, 'x'), enough), "a line without an end");
    const auto nobody = bulk::read_greeting({"127.0.0.1"}, 1, soon());
    BOOST_TEST((nobody.error().code == Errc::second_path_unreachable));
}

BOOST_AUTO_TEST_SUITE_END()
