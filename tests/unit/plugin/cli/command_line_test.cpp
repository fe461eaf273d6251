#include "fake_server.hpp"
#include "tests/unit/plugin/catalog/test_keys.hpp"

#include <boost/test/unit_test.hpp>

#include <fstream>

namespace two_path::tests {
namespace {

struct Case {
    std::vector<std::string> words;
    int exit_code;
    std::string line; ///< how the error begins
};

const std::string version_rule = " --version 2 --version-file /v";

std::vector<std::string> split(const std::string& text) {
    std::istringstream in(text);
    std::vector<std::string> words;
    for (std::string word; in >> word;)
        words.push_back(word);
    return words;
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(command_line, Operator)

BOOST_AUTO_TEST_CASE(bad_command_lines_end_with_one_line_and_a_documented_exit_code) {
    logged_in();
    std::ofstream(folder / "file") << "content";
    const auto file = (folder / "file").string();
    const std::pair<std::string, std::string> wrong[] = {
        {"", "two-path: which command?"},
        {"frobnicate", "two-path: no command is called `frobnicate`"},
        {"--json releases", "two-path: --json: options follow the command, e.g. `two-path releases --json`"},
        {"login --frobnicate", "two-path login: unrecognised option '--frobnicate'"},
        {"login a b", "two-path login: one word too many: `b`"},
        {"login --server", "two-path login: the required argument for option '--server' is missing"},
        {"login a:b", "two-path login: EMAIL: `a:b`"},
        {"devices list", "two-path devices: `list` is neither"},
        {"devices accept", "two-path devices: `accept` needs either device ids or --all"},
        {"devices accept x --all", "two-path devices: `accept` needs either device ids or --all"},
        {"devices --all", "two-path devices: --all: needs"},
        {"releases purge", "two-path releases: `purge` is not `remove`"},
        {"releases remove", "two-path releases: `remove` needs"},
        {"deploy", "two-path deploy: RELEASE: which one?"},
        {"deploy r", "two-path deploy: to whom?"},
        {"deploy r --all --group g", "two-path deploy: to whom?"},
        {"deploy r --all --timeout 5", "two-path deploy: --timeout: needs --wait"},
        {"deploy r --all --wait --timeout soon", "two-path deploy: --timeout: `soon` is not a whole number"},
        {"deployments abort", "two-path deployments: `abort` needs"},
        {"deployments a b", "two-path deployments: one word too many: `b`"},
        {"sessions a b", "two-path sessions: one word too many: `b`"},
        {"sessions --state frob",
         "two-path sessions: --state: `frob` is no state of a session; there are opened, certified, "},
        {"sessions --limit many", "two-path sessions: --limit: `many` is not a whole number"},
        {"sessions --limit 0", "two-path sessions: --limit: `0` is not a number from 1 to 1000"},
        {"sessions --limit 1001", "two-path sessions: --limit: `1001` is not a number from 1 to 1000"},
        {"sessions a --state failed", "two-path sessions: --state: chooses from the list"},
        {"publish", "two-path publish: FILE: which"},
        {"publish FILE", "two-path publish: --version-file: needed"},
        {"publish FILE --version-file /v", "two-path publish: --version: needed"},
        {"publish FILE --no-version-check", "two-path publish: --version: needed"},
        {"publish FILE --version 2 --version-file /v --no-version-check",
         "two-path publish: --version-file, --version"},
        {"publish FILE --version 2 --version-file relative --installer x --device-type d",
         "two-path publish: --version-file: `relative` is not PATH[:KEY]"},
        {"publish FILE" + version_rule, "two-path publish: --installer: needed"},
        {"publish FILE --installer x" + version_rule, "two-path publish: --device-type: needed"},
        {"publish FILE --installer single-file --device-type d" + version_rule,
         "two-path publish: --dest-dir: an absolute"},
        {"publish FILE --installer directory --dest-dir / --device-type d" + version_rule,
         "two-path publish: --dest-dir: the installer `directory` does not"},
        {"publish FILE --installer x --dest-dir /a --device-type d" + version_rule,
         "two-path publish: --dest-dir: only"},
        {"publish FILE --installer a/b --device-type d" + version_rule,
         "two-path publish: --installer: `a/b` is not the name"},
        {"publish FILE --installer two-path --device-type d" + version_rule,
         "two-path publish: --installer: `two-path` carries the file"},
        {"publish FILE --reboot never" + version_rule, "two-path publish: --reboot: the only value"},
        {"publish FILE --encoding lz4" + version_rule, "two-path publish: --encoding: must be"},
        {"publish FILE --sequence -1" + version_rule, "two-path publish: --sequence: `-1`"},
        {"publish FILE --sequence 9007199254740992" + version_rule, "two-path publish: --sequence: "},
        {"publish FILE --block-size 3x" + version_rule, "two-path publish: --block-size: `3x`"},
        {"publish FILE --block-size 99999999999999999999" + version_rule, "two-path publish: --block-size: "},
        {"publish FILE --block-size 3MiB" + version_rule,
         "two-path publish: --block-size: `3MiB` is not a power of two"},
        {"publish FILE --block-size 0" + version_rule, "two-path publish: --block-size: `0` is not a power"},
        {"publish FILE --block-size 8MiB" + version_rule, "two-path publish: --block-size: `8MiB` is not a"},
        {"publish FILE --device-rate fast" + version_rule, "two-path publish: --device-rate: `fast` is not"},
        {"publish FILE --device-rate 0" + version_rule, "two-path publish: --device-rate: `0` is not a rate"},
        {"publish FILE --device-rate 1GiB" + version_rule, "two-path publish: --device-rate: `1GiB` is not"},
        {"publish FILE --module-timeout 1" + version_rule, "two-path publish: --module-timeout: `1` is not"},
        {"publish --upload FILE --module-timeout 4h", "two-path publish: --module-timeout: `4h` is not a"},
        {"publish --upload FILE --name x",
         "two-path publish: --name: the artifact of --upload has it already"},
        {"publish --upload FILE --ask-device", "two-path publish: --ask-device: the artifact of --upload"},
        {"publish --upload FILE FILE", "two-path publish: FILE: --upload names the file already"},
        {"publish --upload FILE", "two-path publish: FILE: not a Mender Artifact"},
    };
    for (auto [words, line] : wrong) {
        for (auto at = words.find("FILE"); at != std::string::npos; at = words.find("FILE", at + file.size()))
            words.replace(at, 4, file);
        if (const auto at = line.find(": FILE: not"); at != std::string::npos) line.replace(at + 2, 4, file);
        const int code = run(split(words));
        BOOST_TEST(code == 2, words << " -> " << code << " " << error_line());
        BOOST_TEST(error_line().starts_with(line), words << " -> " << error_line());
        BOOST_TEST(std::ranges::count(error_line(), '\n') == 1, error_line());
        BOOST_TEST(out.str() == "");
    }
    BOOST_TEST(server.seen.empty(), "nothing was asked of the server");
}

BOOST_AUTO_TEST_CASE(publish_checks_what_costs_nothing_before_it_wants_a_login) {
    std::ofstream(folder / "file") << "content";
    const auto file = (folder / "file").string();
    const auto publish = [&](const std::string& path, const std::string& more) {
        return run(split("publish " + path + version_rule + " --device-type d " + more));
    };
    BOOST_TEST(publish(file, "--installer x") == 4);
    for (const auto* more :
         {"", "--installer a/b", "--installer directory", "--installer x --block-size 3MiB",
          "--installer x --stream \x01", "--installer x --allow-from \x01"})
        BOOST_TEST(publish(file, more) == 2, more);
    BOOST_TEST(
        run(split("publish " + file + " --version 2 --version-file v --installer x --device-type d")) == 2);
    BOOST_TEST(publish(file + ".not", "--installer x") == 5);
    BOOST_TEST(run({"publish", "--upload", file + ".not"}) == 5);
    BOOST_TEST(publish(file, "--installer x --key /does/not/exist") == 3);
}

BOOST_AUTO_TEST_CASE(a_key_is_not_asked_for_its_passphrase_when_something_else_is_wrong) {
    const auto key = write_key(rsa_key(2048), folder / "key.pem", Form::pkcs8_locked).string();
    shell.ask_secret = [](const std::string&) -> Result<std::string> { throw std::logic_error("asked"); };
    BOOST_TEST(run({"publish", "/does/not/exist", "--version", "2", "--version-command", "--key", key}) == 5);
}

BOOST_AUTO_TEST_CASE(other_failures_have_their_own_exit_codes) {
    BOOST_TEST(run({"releases"}) == 4);
    BOOST_TEST(error_line() == "two-path releases: unauthorized: no valid login (nobody has logged in; run "
                               "`two-path login`); log in again\n");
    logged_in();
    BOOST_TEST(run({"publish", "/does/not/exist", "--version", "2", "--version-file", "/v"}) == 5);
    BOOST_TEST(error_line().find("/does/not/exist") != std::string::npos);
    BOOST_TEST(run({"publish", folder.path().string(), "--version", "2", "--version-file", "/v"}) == 2);
    BOOST_TEST(error_line().find("put it into a tar") != std::string::npos);
    BOOST_TEST(run({"publish", "/dev/zero", "--version", "2", "--version-file", "/v"}) == 2);
    BOOST_TEST(run({"publish", "/etc/hostname", "--version", "2", "--version-file", "/v", "--installer", "x",
                    "--device-type", "d", "--key", "/etc/hostname"}) == 3);
    server.answer("GET /api/management/v1/two-path/releases",
                  {503, R"({"error":"x","reason":"unavailable","detail":"","request_id":"1"})", {}});
    BOOST_TEST(run({"releases"}) == 7);
    server.answer("GET /api/management/v1/two-path/sessions?limit=100", {404, "<html>", {}});
    BOOST_TEST(run({"sessions"}) == 5);
    BOOST_TEST(error_line().starts_with("two-path sessions: no_route"));
    std::ofstream(shell.settings / "account.json") << "{";
    BOOST_TEST(run({"releases"}) == 3);
    BOOST_TEST(std::ranges::count(error_line(), '\n') == 1);
}

BOOST_AUTO_TEST_CASE(help_is_on_standard_output) {
    BOOST_TEST(run({"--help"}) == 0);
    BOOST_TEST(out.str().find("Exit codes: 0 done, 1 failed, 2 wrong usage") != std::string::npos);
    for (const auto* command :
         {"login", "devices", "publish", "releases", "deploy", "deployments", "sessions"}) {
        BOOST_TEST(run({"--help"}) == 0);
        BOOST_TEST(out.str().find(command) != std::string::npos);
        BOOST_TEST(run({command, "--help"}) == 0);
        BOOST_TEST(out.str().starts_with("Usage: two-path " + std::string(command)));
        BOOST_TEST(err.str() == "");
    }
    BOOST_TEST(run({"--version"}) == 0);
    BOOST_TEST(out.str() == "two-path " TWO_PATH_VERSION "\n");
}

BOOST_AUTO_TEST_CASE(text_from_outside_cannot_write_to_the_terminal) {
    logged_in();
    server.answer(
        "GET /api/management/v1/two-path/releases",
        {500, R"({"error":"x","reason":"internal","detail":"a\u001b[2Jb\nc","request_id":"1"})", {}});
    BOOST_TEST(run({"releases"}) == 1);
    BOOST_TEST(error_line().find('\x1b') == std::string::npos);
    BOOST_TEST(std::ranges::count(error_line(), '\n') == 1);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace two_path::tests
