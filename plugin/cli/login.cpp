#include "plugin/cli/command.hpp"
#include "plugin/cli/command_line.hpp"
#include "plugin/cli/server.hpp"

#include <system_error>
#include <utility>

namespace two_path::cli {
namespace {

Result<std::string> email_of(const Arguments& given, const Account& account, const Shell& shell) {
    if (const auto words = given.words(); !words.empty()) return words.front();
    if (!account.email.empty()) return account.email;
    return shell.ask("E-mail: ");
}

/// The account before the password: what was remembered, overruled by what was given now.
Result<Account> account_of(const Arguments& given, const Shell& shell) {
    auto account = read_account(shell.settings);
    // A damaged account is what a login repairs.
    if (!account) account = Account{};
    if (given.given("server")) {
        if (given.text("server") != account->server) account->ca_file.clear();
        account->server = given.text("server");
    }
    if (account->server.empty()) return wrong_usage("--server: needed for the first login");
    if (given.given("ca")) {
        std::error_code ec;
        account->ca_file = std::filesystem::canonical(given.text("ca"), ec);
        if (ec) return fail(Errc::bad_configuration, "--ca: " + given.text("ca") + ": " + ec.message());
    }
    auto email = email_of(given, *account, shell);
    if (!email) return email.error();
    account->email = std::move(*email);
    if (account->email.empty() || account->email.find(':') != std::string::npos)
        return wrong_usage("EMAIL: `" + account->email + "` is not an e-mail address");
    return account;
}

} // namespace

Outcome login(const std::vector<std::string>& arguments, Shell& shell) {
    CommandLine line(
        "login [--server URL] [--ca FILE] [EMAIL]",
        "Logs in and remembers server, CA and token for the other commands. The password is asked\n"
        "for on the terminal, or read as one line from standard input.");
    line.option("server", "URL", "https://HOST[:PORT]; needed the first time");
    line.option("ca", "FILE", "PEM file with the server's authority, or its self-signed certificate");
    const auto given = line.parse(arguments, 1, shell);
    if (!given) return given.error();
    if (!*given) return 0;

    auto account = account_of(**given, shell);
    if (!account) return account.error();
    const auto transport = shell.connect(*account);
    if (!transport) return transport.error();
    auto password = shell.ask_secret("Password of " + account->email + ": ");
    if (!password) return password.error();
    auto token = Server::log_in(*transport, account->email, *password);
    wipe(*password);
    if (!token) return token.error();
    account->token = std::move(*token);
    if (auto written = write_account(shell.settings, *account); !written) return written.error();
    shell.note("Logged in to " + account->server + " as " + account->email + ".");
    return 0;
}

} // namespace two_path::cli
