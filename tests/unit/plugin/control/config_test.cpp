/// The configuration file and the command line: what is good, and the exact line for each thing that is not.
#include "plugin/config.hpp"

#include "plugin/config_file.hpp"
#include "tests/support/temporary_folder.hpp"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <fstream>
#include <ostream>

namespace two_path {
BOOST_AUTO_TEST_SUITE(config)

namespace {

namespace data = boost::unit_test::data;

/// A configuration file in a folder of its own.
class ConfigFile {
  public:
    explicit ConfigFile(const std::string& text)
      : path_(folder_ / "server.conf") {
        std::ofstream(path_) << text;
    }
    [[nodiscard]] std::string path() const { return path_.string(); }
    [[nodiscard]] Result<Invocation> read(std::vector<std::string> more = {}) const {
        more.insert(more.begin(), {"--config", path()});
        return read_command_line(more);
    }

  private:
    tests::TemporaryFolder folder_;
    std::filesystem::path path_;
};

/// What is written in the file, and the message behind its path.
struct BadFile {
    const char* text;
    const char* message;
};
std::ostream& operator<<(std::ostream& out, const BadFile& row) {
    return out << row.message;
}
const BadFile bad_files[]{
    {"[https]\nlisten = 1.2.3.4:1\n\nlisen = 1.2.3.4:1\n",
     ":4: unknown key https.lisen; known there: listen, certificate, key, name, "
     "trusted_proxies"},
    {"listen = 1.2.3.4:1\n", ":1: unknown key listen; known there: state_dir"},
    {"[http]\nlisten = x\n",
     ":2: unknown key http.listen; there is no such section; known are [https], "
     "[ftp], [host], [mender], [session], [metrics], [limits], [webhook], [retention], [log], [audit]"},
    {"# first\n[https\n", ":2: is no section; write [NAME]"},
    {"[]\n", ":1: is no section; write [NAME]"},
    {"[https]\nlisten\n", ":2: is neither `[section]` nor `key = value`; correct it, or put # before it"},
    {"= 3\n", ":1: is neither `[section]` nor `key = value`; correct it, or put # before it"},
    {"[https]\nlisten = 8443\n", ":2: https.listen is `8443`; write ADDRESS:PORT, such as 192.0.2.1:8443, or "
                                 "[::]:8443 for all addresses"},
    {"[https]\nlisten = ::1:8443\n", ":2: https.listen is `::1:8443`; write ADDRESS:PORT, such as "
                                     "192.0.2.1:8443, or [::]:8443 for all addresses"},
    {"[https]\nlisten = 1.2.3.4:65536\n",
     ":2: https.listen is `1.2.3.4:65536`; write ADDRESS:PORT, such as 192.0.2.1:8443, or [::]:8443 for all "
     "addresses"},
    {"state_dir = var/lib\n", ":1: state_dir is `var/lib`; write an absolute path"},
    {"[https]\nname = a\nname = b c\n", ":3: https.name is `b c`; write a host name or an address"},
    {"[https]\ncertificate = /a\n",
     ":2: https.certificate: certificate and key belong together; set both or none"},
    {"[https]\nkey = /a\n", ":2: https.key: certificate and key belong together; set both or none"},
    {"[webhook]\nurl = http://a/\n", ":2: webhook.url is `http://a/`; write https://HOST[:PORT][/PATH]"},
    {"[webhook]\nurl = https://a/b\n",
     ":2: webhook.url: url and secret_file belong together; set both or none"},
    {"[webhook]\nsecret_file = /a\n",
     ":2: webhook.secret_file: url and secret_file belong together; set both or none"},
    {"[ftp]\nplain_login = yes\n", ":2: ftp.plain_login is `yes`; write true or false"},
    {"[ftp]\npassive_ports = 3000\n",
     ":2: ftp.passive_ports is `3000`; write FIRST-LAST, from 1024 to 65535, such as 30000-30999"},
    {"[ftp]\npassive_ports = 4000-3000\n",
     ":2: ftp.passive_ports is `4000-3000`; write FIRST-LAST, from 1024 to 65535, such as 30000-30999"},
    {"[ftp]\npassive_ports = 21-3000\n",
     ":2: ftp.passive_ports is `21-3000`; write FIRST-LAST, from 1024 to 65535, such as 30000-30999"},
    {"[ftp]\nadvertise = ftp://a\n", ":2: ftp.advertise is `ftp://a`; write the host name or address under "
                                     "which devices reach the FTP server"},
    {"[ftp]\nlisten = [::]:8443\n", ":2: ftp.listen: the same as https.listen; choose another port"},
    {"[ftp]\npassive_ports = 8000-9000\n",
     ":2: ftp.passive_ports: the port of https.listen is among them; move one"},
    {"[ftp]\npush_ports = 80-90\n",
     ":2: ftp.push_ports is `80-90`; write FIRST-LAST, from 1024 to 65535, such as 30000-30999"},
    {"[ftp]\npush_from = device.example\n",
     ":2: ftp.push_from is `device.example`; write an address, IPv4 as such"},
    {"[ftp]\npush_from = ::ffff:192.0.2.1\n",
     ":2: ftp.push_from is `::ffff:192.0.2.1`; write an address, IPv4 as such"},
    {"[ftp]\npush_networks = 192.0.2.1/24\n",
     ":2: ftp.push_networks is `192.0.2.1/24`; write ADDRESS/BITS, such as 192.0.2.0/24, without bits behind "
     "BITS"},
    {"[host]\ntype = hawkbit\n", ":2: host.type is `hawkbit`; write embedded or mender"},
    {"[mender]\nurl = http://a\n",
     ":2: mender.url is `http://a`; write https://HOST[:PORT] without a slash at its end"},
    {"[mender]\nverify = never\n", ":2: mender.verify is `never`; write gateway, deviceauth or offline"},
    {"[mender]\ntoken = abc\n",
     ":2: unknown key mender.token; known there: url, token_file, ca_file, verify, "
     "verify_url, verify_key, "
     "storage_ca_file, artifact_key, sign_command, auto_import_tag, auto_import_version_file"},
    {"[host]\naccept = all\n", ":2: host.accept is `all`; write manual or auto"},
    {"[host]\ntoken_lifetime_hours = 0\n",
     ":2: host.token_lifetime_hours is `0`; write a number from 1 to 8784"},
    {"[host]\npublic_url = http://a\n",
     ":2: host.public_url is `http://a`; write https://HOST[:PORT] without a slash at its end"},
    {"[session]\nfirst_login_seconds = 2m\n",
     ":2: session.first_login_seconds is `2m`; write a number from 5 to 3600"},
    {"[session]\nlifetime_seconds = -1\n",
     ":2: session.lifetime_seconds is `-1`; write a number from 60 to 2592000"},
    {"[session]\nabandoned_after_days =\n",
     ":2: session.abandoned_after_days is ``; write a number from 1 to 366"},
    {"[limits]\nhttps_connections = 99999999999999999999\n",
     ":2: limits.https_connections is `99999999999999999999`; write a number from 1 to 100000"},
};

struct BadLine {
    std::vector<std::string> arguments;
    const char* message;
};
std::ostream& operator<<(std::ostream& out, const BadLine& row) {
    return out << row.message;
}
const BadLine bad_lines[]{
    {{"--lissen"}, "--lissen: unknown option; see --help"},
    {{"--https.lis", "1.2.3.4:1"}, "--https.lis: unknown option; see --help"},
    {{"serve"},
     "serve: unknown command; there are create-user, set-password, backup and restore, see --help"},
    {{"create-user"}, "create-user: needs one e-mail address; write create-user EMAIL"},
    {{"create-user", "a@b", "secret"}, "create-user: needs one e-mail address; write create-user EMAIL"},
    {{"set-password"}, "set-password: needs one e-mail address; write set-password EMAIL"},
    {{"--check-config", "create-user", "a@b"}, "--check-config: not with create-user; choose one"},
    {{"--host", "hawkbit"}, "--host: is `hawkbit`; write embedded or mender"},
    {{"--ftp.plain_login=1"}, "--ftp.plain_login: is `1`; write true or false"},
    {{"--state_dir", "/a", "--state_dir", "/b"}, "--state_dir: given twice; give it once"},
};

} // namespace

BOOST_AUTO_TEST_CASE(every_key_of_the_file_reaches_its_setting) {
    const ConfigFile file("  # a comment\n; another\n"
                          "state_dir = /srv/two-path\n"
                          "[https]\r\n"
                          "listen = 192.0.2.1:443\r\n"
                          "certificate=/etc/a.pem\n"
                          "key = /etc/a key#1.pem\n"
                          "name = updates.example.com\n"
                          "name = 192.0.2.1\n"
                          "trusted_proxies = 192.0.2.0/28\n"
                          "trusted_proxies = 2001:db8::7\n"
                          "[ftp]\n"
                          "listen = [2001:db8::1]:21\n"
                          "advertise = ftp.example.com\n"
                          "passive_ports = 30000-30999\n"
                          "plain_login = true\n"
                          "same_data_peer = false\n"
                          "push = true\n"
                          "push_from = 192.0.2.1\n"
                          "push_from = 2001:db8::1\n"
                          "push_networks = 198.51.100.0/24\n"
                          "push_networks = 203.0.113.7\n"
                          "push_ports = 40000-40009\n"
                          "[host]\n"
                          "type = embedded\n"
                          "accept = auto\n"
                          "token_lifetime_hours = 24\n"
                          "update_requests = accepted\n"
                          "public_url = https://updates.example.com:8443\n"
                          "max_artifact_mib = 64\n"
                          "[mender]\n"
                          "url = https://mender.example.com\n"
                          "token_file = /etc/two-path/token\n"
                          "ca_file = /etc/two-path/mender.pem\n"
                          "verify = deviceauth\n"
                          "verify_url = http://deviceauth:8080/verify\n"
                          "verify_key = /etc/two-path/deviceauth.pem\n"
                          "[session]\n"
                          "first_login_seconds = 60\n"
                          "lifetime_seconds = 600\n"
                          "abort_poll_seconds = 5\n"
                          "abandoned_after_days = 7\n"
                          "redeploy = 0\n"
                          "[limits]\n"
                          "https_connections = 100\n"
                          "https_connections_per_address = 10\n"
                          "ftp_connections = 200\n"
                          "ftp_connections_per_address = 20\n");
    const auto read = file.read({"--ports-file", "/run/ports"});
    BOOST_TEST_REQUIRE(read.has_value(), (read ? "" : read.error().detail));
    BOOST_CHECK(read->command == Command::serve);
    const auto& settings = read->settings;
    BOOST_TEST(settings.state_dir == "/srv/two-path");
    BOOST_TEST(settings.ports_file == "/run/ports");
    BOOST_TEST(settings.https.listen.text() == "192.0.2.1:443");
    BOOST_TEST(settings.https.certificate == "/etc/a.pem");
    BOOST_TEST_REQUIRE(settings.https.trusted_proxies.size() == 2U);
    BOOST_TEST(settings.https.trusted_proxies[1].contains(boost::asio::ip::make_address("2001:db8::7")));
    BOOST_TEST(settings.https.key == "/etc/a key#1.pem");
    BOOST_TEST(settings.https.names == (std::vector<std::string>{"updates.example.com", "192.0.2.1"}),
               boost::test_tools::per_element());
    BOOST_TEST(settings.ftp.listen.text() == "[2001:db8::1]:21");
    BOOST_TEST(settings.ftp.advertise == "ftp.example.com");
    BOOST_TEST(settings.ftp.passive_ports.value().first == 30000);
    BOOST_TEST(settings.ftp.passive_ports.value().last == 30999);
    BOOST_TEST(settings.ftp.plain_login);
    BOOST_TEST(!settings.ftp.same_data_peer);
    BOOST_TEST(settings.push.served);
    BOOST_TEST(settings.push.from == (std::vector<std::string>{"192.0.2.1", "2001:db8::1"}),
               boost::test_tools::per_element());
    BOOST_TEST(settings.push.networks.size() == 2U);
    BOOST_TEST(settings.push.ports.first == 40000);
    BOOST_TEST(settings.push.ports.last == 40009);
    BOOST_CHECK(settings.host.accept == Accept::automatic);
    BOOST_TEST(settings.host.token_lifetime.count() == 24);
    BOOST_TEST(settings.host.update_requests);
    BOOST_TEST(settings.host.public_url == "https://updates.example.com:8443");
    BOOST_TEST(settings.host.max_artifact_size == 64U << 20U);
    BOOST_TEST(settings.mender.url == "https://mender.example.com");
    BOOST_TEST(settings.mender.token_file == "/etc/two-path/token");
    BOOST_TEST(settings.mender.ca_file == "/etc/two-path/mender.pem");
    BOOST_CHECK(settings.mender.verify == Verify::deviceauth);
    BOOST_TEST(settings.mender.verify_url == "http://deviceauth:8080/verify");
    BOOST_TEST(settings.mender.verify_key == "/etc/two-path/deviceauth.pem");
    BOOST_TEST(settings.session.first_login.count() == 60);
    BOOST_TEST(settings.session.lifetime.count() == 600);
    BOOST_TEST(settings.session.abort_poll.count() == 5);
    BOOST_TEST(settings.session.abandoned_after.count() == 7 * 24);
    BOOST_TEST(settings.session.redeploy == 0U);
    BOOST_TEST(settings.limits.https_connections == 100U);
    BOOST_TEST(settings.limits.https_connections_per_address == 10U);
    BOOST_TEST(settings.limits.ftp_connections == 200U);
    BOOST_TEST(settings.limits.ftp_connections_per_address == 20U);
}

BOOST_AUTO_TEST_CASE(an_empty_file_leaves_the_safe_defaults) {
    const auto read = ConfigFile("").read();
    BOOST_TEST_REQUIRE(read.has_value());
    BOOST_TEST(!read->settings.ftp.plain_login);
    BOOST_TEST(read->settings.ftp.same_data_peer);
    BOOST_CHECK(read->settings.host.accept == Accept::manual);
    BOOST_TEST(!read->settings.host.update_requests);
    BOOST_TEST(read->settings.https.listen.text() == "[::]:8443");
    BOOST_TEST(read->settings.ftp.listen.text() == "[::]:2121");
}

BOOST_AUTO_TEST_CASE(a_mender_server_needs_its_settings_by_name) {
    const std::string url = "[mender]\nurl = https://mender.example.com\n";
    const std::string token = url + "token_file = /etc/two-path/token\n";
    const auto missing = [](const std::string& text) {
        const auto read = ConfigFile(text).read({"--host", "mender"});
        return read ? std::string("nothing") : read.error().detail.substr(0, read.error().detail.find(' '));
    };
    BOOST_TEST(missing("") == "mender.url");
    BOOST_TEST(missing(url) == "mender.token_file");
    BOOST_TEST(missing(token) == "nothing");
    BOOST_TEST(missing(token + "verify = deviceauth\n") == "mender.verify_url");
    BOOST_TEST(missing(token + "verify = offline\n") == "mender.verify_key");
}

BOOST_AUTO_TEST_CASE(the_command_line_goes_before_the_file) {
    const ConfigFile file("[https]\nlisten = 192.0.2.1:1\nname = a\nname = b\n[ftp]\nlisten = 192.0.2.1:2\n");
    const auto read = file.read(
        {"--https.listen=127.0.0.1:3", "--https.name", "c", "--host", "embedded", "--check-config"});
    BOOST_TEST_REQUIRE(read.has_value());
    BOOST_CHECK(read->command == Command::check_config);
    BOOST_TEST(read->settings.https.listen.text() == "127.0.0.1:3");
    BOOST_TEST(read->settings.ftp.listen.text() == "192.0.2.1:2");
    BOOST_TEST(read->settings.https.names == std::vector<std::string>{"c"}, boost::test_tools::per_element());
    BOOST_TEST(read->settings.place_of("https.listen") == "--https.listen");
    BOOST_TEST(read->settings.place_of("ftp.listen") == file.path() + ":6: ftp.listen");
    BOOST_TEST(read->settings.place_of("state_dir") == "state_dir (default)");
}

BOOST_DATA_TEST_CASE(a_bad_file_is_refused_with_its_line, data::make(bad_files), row) {
    const ConfigFile file(row.text);
    const auto read = file.read();
    BOOST_TEST_REQUIRE(read.has_error());
    BOOST_CHECK(read.error().code == Errc::bad_configuration);
    BOOST_TEST(read.error().detail == file.path() + row.message);
}

BOOST_AUTO_TEST_CASE(a_key_set_twice_names_both_lines) {
    const ConfigFile file("state_dir = /a\n\nstate_dir = /b\n");
    const auto read = file.read();
    BOOST_TEST_REQUIRE(read.has_error());
    BOOST_TEST(read.error().detail == file.path() + ":3: state_dir is set a second time (before at " +
                                          file.path() + ":1); keep one of the lines");
}

BOOST_DATA_TEST_CASE(a_bad_command_line_is_refused_with_its_option, data::make(bad_lines), row) {
    const auto read = ConfigFile("").read(row.arguments);
    BOOST_TEST_REQUIRE(read.has_error());
    BOOST_CHECK(read.error().code == Errc::bad_request);
    BOOST_TEST(read.error().detail == row.message);
}

BOOST_AUTO_TEST_CASE(an_option_without_its_value_is_a_usage_error) {
    const auto read = read_command_line({"--config"});
    BOOST_TEST_REQUIRE(read.has_error());
    BOOST_CHECK(read.error().code == Errc::bad_request);
    BOOST_TEST(read.error().detail.find("--config") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_named_file_must_be_there) {
    const tests::TemporaryFolder folder;
    const auto path = (folder / "none.conf").string();
    const auto read = read_command_line({"--config", path});
    BOOST_TEST_REQUIRE(read.has_error());
    BOOST_CHECK(read.error().code == Errc::bad_configuration);
    BOOST_TEST(read.error().detail ==
               path + ": cannot open: No such file or directory; name a readable file with --config");
}

BOOST_AUTO_TEST_CASE(a_file_over_a_mebibyte_is_refused) {
    const ConfigFile file(std::string((std::size_t{1} << 20U) + 1, '#'));
    BOOST_CHECK(file.read().error().code == Errc::bad_configuration);
}

BOOST_AUTO_TEST_CASE(users_are_created_and_changed_by_name_only) {
    for (const auto& [word, command] :
         {std::pair("create-user", Command::create_user), std::pair("set-password", Command::set_password)}) {
        const auto read = ConfigFile("").read({word, "op@example.com"});
        BOOST_TEST_REQUIRE(read.has_value());
        BOOST_CHECK(read->command == command);
        BOOST_TEST(read->email == "op@example.com");
    }
}

BOOST_AUTO_TEST_CASE(the_file_that_was_read_is_known) {
    const ConfigFile file("");
    BOOST_TEST(file.read()->settings.file == file.path());
}

BOOST_AUTO_TEST_CASE(help_and_version_need_no_file) {
    BOOST_CHECK(read_command_line({"--help", "--config", "/nowhere/at/all"})->command == Command::help);
    BOOST_CHECK(read_command_line({"--version"})->command == Command::version);
    for (const char* word : {"--config", "--check-config", "--https.listen", "--session.lifetime_seconds",
                             "create-user EMAIL", "set-password EMAIL", "Exit codes"})
        BOOST_TEST(help_text().find(word) != std::string::npos, word);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace two_path
