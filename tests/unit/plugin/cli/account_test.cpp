#include "fake_server.hpp"
#include "plugin/cli/account.hpp"

#include <boost/test/unit_test.hpp>

#include <fstream>

namespace two_path::tests {
namespace {

constexpr auto login_request = "POST /api/management/v1/useradm/auth/login";

std::filesystem::perms mode_of(const std::filesystem::path& path) {
    return std::filesystem::status(path).permissions();
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(account, Operator)

BOOST_AUTO_TEST_CASE(a_login_is_remembered_for_its_owner_only) {
    server.answer(login_request, {200, "abc.def.ghi", {}});
    std::ofstream(folder / "ca.pem") << "ca";
    BOOST_TEST(run({"login", "--server", "https://mender.example:8443", "--ca", (folder / "ca.pem").string(),
                    "a@example.com"}) == 0);
    const auto account = cli::read_account(shell.settings).value();
    BOOST_TEST(account.server == "https://mender.example:8443");
    BOOST_TEST(account.ca_file == std::filesystem::canonical(folder / "ca.pem"));
    BOOST_TEST(account.email == "a@example.com");
    BOOST_TEST(account.token == "abc.def.ghi");
    using enum std::filesystem::perms;
    BOOST_TEST((mode_of(shell.settings) == owner_all));
    BOOST_TEST((mode_of(shell.settings / "account.json") == (owner_read | owner_write)));
    const auto& sent = server.requests.at(0).headers.at("Authorization");
    BOOST_TEST(sent == "Basic " + to_base64(bytes_of("a@example.com:secret password")));
    for (const auto& text : {out.str(), err.str()}) {
        BOOST_TEST(text.find(password) == std::string::npos);
        BOOST_TEST(text.find("abc.def") == std::string::npos);
    }
}

BOOST_AUTO_TEST_CASE(the_second_login_needs_only_the_password) {
    server.answer(login_request, {200, "one", {}});
    server.answer(login_request, {200, "two", {}});
    BOOST_TEST(run({"login", "--server", "https://mender.example", "b@example.com"}) == 0);
    BOOST_TEST(run({"login"}) == 0);
    BOOST_TEST(cli::read_account(shell.settings).value().token == "two");
    BOOST_TEST(cli::read_account(shell.settings).value().email == "b@example.com");
}

BOOST_AUTO_TEST_CASE(another_server_is_not_trusted_with_the_first_ones_authority) {
    server.answer(login_request, {200, "one", {}});
    std::ofstream(folder / "ca.pem") << "ca";
    BOOST_TEST(run({"login", "--server", "https://one.example", "--ca", (folder / "ca.pem").string()}) == 0);
    BOOST_TEST(run({"login", "--server", "https://two.example"}) == 0);
    BOOST_TEST(cli::read_account(shell.settings).value().ca_file.empty());
}

BOOST_AUTO_TEST_CASE(a_refused_login_changes_nothing) {
    logged_in();
    server.answer(login_request, {401, R"({"error":"unauthorized","request_id":"1"})", {}});
    BOOST_TEST(run({"login"}) == 4);
    BOOST_TEST(error_line() == "two-path login: unauthorized: no valid login (e-mail address or password is "
                               "wrong); log in again\n");
    BOOST_TEST(error_line().find(password) == std::string::npos);
    BOOST_TEST(cli::read_account(shell.settings).value().token == "the-token");
}

BOOST_AUTO_TEST_CASE(an_answer_that_is_no_token_is_not_kept) {
    server.answer(login_request, {200, "<html><body>hello</body></html>", {}});
    BOOST_TEST(run({"login", "--server", "https://mender.example"}) == 5);
    BOOST_TEST(!std::filesystem::exists(shell.settings / "account.json"));
}

BOOST_AUTO_TEST_CASE(a_login_repairs_a_damaged_file) {
    std::filesystem::create_directories(shell.settings);
    std::ofstream(shell.settings / "account.json") << "{\"server\":7}";
    server.answer(login_request, {200, "one", {}});
    BOOST_TEST(run({"devices"}) == 3);
    BOOST_TEST(run({"login", "--server", "https://mender.example"}) == 0);
    BOOST_TEST(cli::read_account(shell.settings).value().token == "one");
}

BOOST_AUTO_TEST_CASE(a_missing_authority_is_told_before_the_password_is_asked_for) {
    shell.ask_secret = [](const std::string&) -> Result<std::string> { throw std::logic_error("asked"); };
    BOOST_TEST(run({"login", "--server", "https://mender.example", "--ca", "/does/not/exist"}) == 3);
    BOOST_TEST(error_line().find("--ca: /does/not/exist") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_login_that_has_ended_is_told_as_that) {
    logged_in();
    server.answer(
        "GET /api/management/v1/two-path/releases",
        {401,
         R"({"error":"x","reason":"unauthorized","detail":"the bearer token has expired","request_id":"1"})",
         {}});
    BOOST_TEST(run({"releases"}) == 4);
    BOOST_TEST(error_line() == "two-path releases: unauthorized: no valid login (it has ended; run `two-path "
                               "login`); log in again\n");
}

BOOST_AUTO_TEST_CASE(every_request_carries_the_token_and_nothing_prints_it) {
    logged_in();
    server.answer("GET /api/management/v1/two-path/releases", {200, "[]", {}});
    BOOST_TEST(run({"releases"}) == 0);
    BOOST_TEST(server.requests.at(0).headers.at("Authorization") == "Bearer the-token");
    BOOST_TEST((out.str() + err.str()).find("the-token") == std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace two_path::tests
