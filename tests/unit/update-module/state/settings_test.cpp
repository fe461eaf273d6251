#include "tests/unit/update-module/state/files.hpp"
#include "update-module/settings.hpp"

#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

using namespace two_path;
using namespace two_path::device;
using tests::put;
namespace data = boost::unit_test::data;

BOOST_AUTO_TEST_SUITE(settings)

namespace {

struct Configuration {
    tests::TemporaryFolder folder;

    /// `keys` inside the braces of two-path.conf, which names this folder's mender.conf.
    Result<Settings> load(const std::string& keys) const {
        const auto conf = "\"mender_conf\": \"" + (folder / "mender.conf").string() + "\"";
        return load_settings(
            put(folder / "two-path.conf", "{" + conf + (keys.empty() ? "" : ", " + keys) + "}"), true);
    }
};

struct Refused {
    std::string keys;
    std::string named; ///< what the error must name
};
std::ostream& operator<<(std::ostream& out, const Refused& refused) {
    return out << refused.keys;
}

const Refused refused_keys[] = {
    {R"("stat_dir": "/x")", "unknown key `stat_dir`"},
    {R"("state_dir": 7)", "`state_dir` must be a text"},
    {R"("state_dir": "relative")", "`state_dir` must be an absolute path"},
    {R"("state_dir": "/")", "`state_dir`"},
    {R"("state_dir": "")", "`state_dir`"},
    {R"("confirm": "maybe")", "`confirm` must be required or fallback"},
    {R"("issuer": "operator")", "`issuer` must be plugin or device"},
    {R"("mode": "both")", "`mode` must be pull or push"},
    {R"("mode": "push")", "`push_address`"},
    {R"("push_ports": "40000")", "`push_ports` must be FIRST-LAST"},
    {R"("push_ports": "40000-40000")", "`push_ports`"},
    {R"("push_ports": "80-90")", "`push_ports`"},
    {R"("push_ports": "40000-99999")", "`push_ports`"},
    {R"("push_ports": "40000-40009 ")", "`push_ports`"},
    {R"("store": "always")", "`store` must be required, preferred or never"},
    {R"("seeds": "/dev/sda2")", "`seeds` must be a list"},
    {R"("seeds": ["sda2"])", "`seeds` must be a list of absolute paths"},
    {R"("hours": ["22:00"])", "`hours` must be a list of texts such as 22:00-05:00"},
    {R"("hours": "22:00-05:00")", "`hours`"},
    {R"("byte_rate": -1)", "`byte_rate`"},
    {R"("metered_limit_mib": 10)", "`metered_limit_mib` and `metered_command` go together"},
    {R"("confirm": true)", "`confirm` must be a text"},
    {R"("confirm_timeout": 0)", "`confirm_timeout`"},
    {R"("confirm_timeout": "10")", "`confirm_timeout`"},
    {R"("stall_timeout": 1e9)", "`stall_timeout`"},
    {R"("min_rate": 0)", "`min_rate` must be 1 to"},
    {R"("connect_timeout": -1)", "`connect_timeout`"},
    {R"("allow_downgrade": "yes")", "`allow_downgrade`"},
    {R"("version_command": "cat /x")", "`version_command` must be a list"},
    {R"("version_command": [""])", "`version_command`"},
    {R"("version_command": [1])", "`version_command`"},
    {R"("token_command": ["/bin/token"])", "`server_url` and `token_command` go together"},
    {R"("server_url": "https://plugin.example")", "`server_url` and `token_command` go together"},
    {R"("server_url": "ftp://x", "token_command": ["t"])", "must be https://"},
    {R"("server_url": "plugin.example", "token_command": ["t"])", "must be https://"},
    {R"("server_url": "https://", "token_command": ["t"])", "must be https://"},
    {R"("server_url": "http://plugin.example", "token_command": ["t"])", "loopback"},
    {R"("server_url": "http://127.evil.example", "token_command": ["t"])", "loopback"},
    {R"("server_url": "http://127.0.0.1@evil.example", "token_command": ["t"])", "loopback"},
};

} // namespace

BOOST_AUTO_TEST_CASE(without_a_file_the_defaults_hold) {
    const tests::TemporaryFolder folder;
    const auto loaded = load_settings((folder / "none.conf").string(), false);
    BOOST_REQUIRE(loaded);
    BOOST_TEST(loaded->state_dir == "/var/lib/two-path");
    BOOST_TEST(loaded->modules_dir == "/usr/share/mender/modules/v3");
    BOOST_TEST(loaded->server_url.empty());
    BOOST_TEST(!loaded->confirm_required);
    BOOST_TEST(loaded->confirm_timeout.count() == 600);
    BOOST_TEST(!loaded->allow_downgrade);
}

BOOST_AUTO_TEST_CASE(a_file_that_is_named_must_exist) {
    const tests::TemporaryFolder folder;
    const auto loaded = load_settings((folder / "none.conf").string(), true);
    BOOST_REQUIRE(!loaded);
    BOOST_TEST((loaded.error().code == Errc::bad_configuration));
    BOOST_TEST(loaded.error().detail.find("none.conf") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(every_key_is_taken) {
    const Configuration configuration;
    const auto loaded = configuration.load(R"("state_dir": "/data/two-path", "modules_dir": "/m",
        "server_url": "https://plugin.example:8443/", "server_certificate": "/c.pem",
        "token_command": ["/bin/token", "--raw"], "version_command": ["/bin/version"], "confirm": "required",
        "confirm_timeout": 5, "allow_downgrade": true, "connect_timeout": 3, "stall_timeout": 4, "min_rate": 6,
        "boot_id_file": "/b", "mode": "push", "push_address": "eth0", "push_listen": "192.0.2.9",
        "push_ports": "40000-40009")");
    BOOST_REQUIRE_MESSAGE(loaded, (loaded ? "" : loaded.error().message()));
    BOOST_TEST(loaded->state_dir == "/data/two-path");
    BOOST_TEST(loaded->modules_dir == "/m");
    BOOST_TEST(loaded->server_url == "https://plugin.example:8443");
    BOOST_TEST(loaded->server_certificate == "/c.pem");
    BOOST_TEST(loaded->token_command == (std::vector<std::string>{"/bin/token", "--raw"}),
               boost::test_tools::per_element());
    BOOST_TEST(loaded->version_command.size() == 1U);
    BOOST_TEST(loaded->confirm_required);
    BOOST_TEST(loaded->confirm_timeout.count() == 5);
    BOOST_TEST(loaded->allow_downgrade);
    BOOST_TEST(loaded->connect_timeout.count() == 3);
    BOOST_TEST(loaded->stall_timeout.count() == 4);
    BOOST_TEST(loaded->min_rate == 6U);
    BOOST_TEST(loaded->boot_id_file == "/b");
    BOOST_TEST((loaded->mode == Mode::push));
    BOOST_TEST(loaded->push_address == "eth0");
    BOOST_TEST(loaded->push_listen == "192.0.2.9");
    BOOST_TEST(loaded->push_first_port == 40000);
    BOOST_TEST(loaded->push_last_port == 40009);
}

BOOST_DATA_TEST_CASE(what_cannot_be_used_is_refused_by_name, data::make(refused_keys), refused) {
    const Configuration configuration;
    const auto loaded = configuration.load(refused.keys);
    BOOST_REQUIRE(!loaded);
    BOOST_TEST((loaded.error().code == Errc::bad_configuration));
    BOOST_TEST(loaded.error().detail.find(refused.named) != std::string::npos, loaded.error().detail);
    BOOST_TEST(loaded.error().message().find('\n') == std::string::npos);
}

BOOST_DATA_TEST_CASE(loopback_may_go_without_tls,
                     data::make({"http://127.0.0.1:8080", "http://localhost", "http://[::1]:9/"}), url) {
    const Configuration configuration;
    const auto loaded =
        configuration.load("\"server_url\": \"" + std::string(url) + "\", \"token_command\": [\"t\"]");
    BOOST_REQUIRE_MESSAGE(loaded, (loaded ? "" : loaded.error().message()));
}

BOOST_AUTO_TEST_CASE(what_is_no_json_object_is_refused) {
    const tests::TemporaryFolder folder;
    for (const char* text : {"", "[]", "{", "{} x"}) {
        const auto loaded = load_settings(put(folder / "two-path.conf", text), true);
        BOOST_REQUIRE(!loaded);
        BOOST_TEST((loaded.error().code == Errc::bad_configuration));
    }
}

BOOST_AUTO_TEST_CASE(mender_conf_gives_the_time_limit_and_the_certificate) {
    const Configuration configuration;
    put(configuration.folder / "mender.conf",
        R"({"ModuleTimeoutSeconds": 900, "ServerCertificate": "/etc/mender/server.crt", "SkipVerify": false})");
    const auto loaded = configuration.load("");
    BOOST_REQUIRE(loaded);
    BOOST_TEST(loaded->module_timeout.count() == 900);
    BOOST_TEST(loaded->server_certificate == "/etc/mender/server.crt");
    const auto own = configuration.load(R"("server_certificate": "/own.pem")");
    BOOST_REQUIRE(own);
    BOOST_TEST(own->server_certificate == "/own.pem");
}

BOOST_AUTO_TEST_CASE(a_broken_mender_conf_is_named) {
    const Configuration configuration;
    put(configuration.folder / "mender.conf", "{\"ModuleTimeoutSeconds\": \"long\"}");
    const auto loaded = configuration.load("");
    BOOST_REQUIRE(!loaded);
    BOOST_TEST((loaded.error().code == Errc::bad_configuration));
    BOOST_TEST(loaded.error().detail.find("mender.conf") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(state_on_the_root_file_system_is_refused_for_an_installer_that_replaces_it) {
    Settings on_root;
    on_root.state_dir = "/";
    const auto refused = check_survives(on_root, "rootfs-image");
    BOOST_REQUIRE(!refused);
    BOOST_TEST((refused.error().code == Errc::bad_configuration));
    BOOST_TEST(check_survives(on_root, "single-file").has_value());
    Settings elsewhere;
    elsewhere.state_dir = "/proc";
    BOOST_TEST(check_survives(elsewhere, "rootfs-image").has_value());
}

BOOST_AUTO_TEST_SUITE_END()
