#include "plugin/cli/command.hpp"
#include "plugin/cli/command_line.hpp"
#include "plugin/cli/print.hpp"
#include "plugin/cli/server.hpp"
#include "plugin/control/one_line.hpp"

#include <cstdlib>
#include <ctime>
#include <ostream>
#include <utility>

namespace two_path::cli {
namespace {

/// Seconds between the two clocks that are nobody's trouble.
constexpr std::int64_t allowed_skew = 60;

/// What was looked at, from here and from the server.
class Findings {
  public:
    void add(std::string_view name, std::string_view state, const std::string& detail,
             std::string_view advice = {}) {
        json::object check{{"check", name}, {"state", state}, {"detail", detail}};
        if (!advice.empty()) check["advice"] = advice;
        add(std::move(check));
    }
    void add(json::object check) { checks_.emplace_back(std::move(check)); }

    /// The exit code.
    [[nodiscard]] int tell(const Shell& shell) const {
        bool failed = false;
        for (const auto& value : checks_) {
            const auto& check = value.get_object();
            const auto state = text_of(check, "state");
            failed = failed || (state != "ok" && state != "warning");
            if (!shell.json) print(check, state, shell.out);
        }
        if (shell.json) print_json(shell.out, checks_);
        return failed ? 1 : 0;
    }

  private:
    static void print(const json::object& check, const std::string& state, std::ostream& out) {
        out << (state == "ok"        ? "ok       "
                : state == "warning" ? "warning  "
                                     : "FAILED   ")
            << control::one_line(text_of(check, "check") + ": " + text_of(check, "detail")) << '\n';
        if (const auto advice = text_of(check, "advice"); !advice.empty() && state != "ok")
            out << "         " << control::one_line(advice) << '\n';
    }

    json::array checks_;
};

std::int64_t unix_time_of(const std::string& rfc3339) {
    std::tm parts{};
    const auto* end = ::strptime(rfc3339.c_str(), "%Y-%m-%dT%H:%M:%S", &parts);
    return end == nullptr ? 0 : static_cast<std::int64_t>(::timegm(&parts));
}

void compare_clocks(const std::string& servers, const Shell& shell, Findings& findings) {
    const auto skew = unix_time_of(servers) - shell.unix_time();
    const auto text = "this machine's and the server's differ by " + std::to_string(std::abs(skew)) + " s";
    if (std::abs(skew) > allowed_skew)
        findings.add("clocks", "warning", text,
                     "set the one that is wrong; certificates and tokens depend on it");
    else
        findings.add("clocks", "ok", text);
}

/// As a device would find it, if it stood where this command runs.
void reach_second_path(const json::object& place, const Account& account, const Shell& shell,
                       Findings& findings) {
    const auto origin = control::Origin::parse(account.server);
    auto host = text_of(place, "host");
    if (host.empty() && origin) host = origin->host;
    const auto port = static_cast<std::uint16_t>(number_of(place, "port"));
    const auto text = host + " port " + std::to_string(port);
    const auto greeting = shell.greet(host, port);
    if (greeting && greeting->starts_with("220"))
        findings.add("second path", "ok", text + " answers from here");
    else
        findings.add(
            "second path", "failed",
            text + ": " + (greeting ? "no FTP server answers" : greeting.error().detail),
            "open the port of [ftp] listen and those of passive_ports in the firewall, and look at [ftp] "
            "advertise");
}

void ask_server(const Server& server, const Account& account, const Shell& shell, Findings& findings) {
    const auto answer = server.get(own_path("/doctor"));
    if (!answer) {
        const auto& row = info(answer.error().code);
        findings.add("first path", "failed", std::string(row.reason) + ": " + answer.error().detail,
                     row.advice);
        return;
    }
    findings.add("first path", "ok", account.server + " answers, is trusted, and takes the login");
    if (!answer->is_object()) return;
    const auto& told = answer->get_object();
    compare_clocks(text_of(told, "time"), shell, findings);
    if (const auto* place = told.if_contains("second_path"); place != nullptr && place->is_object())
        reach_second_path(place->get_object(), account, shell, findings);
    if (const auto* checks = told.if_contains("checks"); checks != nullptr && checks->is_array())
        for (const auto& check : checks->get_array())
            if (check.is_object()) findings.add(check.get_object());
}

} // namespace

Outcome doctor(const std::vector<std::string>& arguments, Shell& shell) {
    CommandLine line(
        "doctor",
        "Looks for what is wrong, from here and at the server: both paths, certificate and names,\n"
        "clocks, disk, the device-management framework, the webhook; and says what to do. Ends with 1\n"
        "when something failed.");
    const auto parsed = line.parse(arguments, 0, shell);
    if (!parsed) return parsed.error();
    if (!*parsed) return 0;
    Findings findings;
    const auto account = read_account(shell.settings);
    if (!account) return account.error();
    const auto server = Server::open(shell);
    if (!server) return server.error();
    ask_server(*server, *account, shell, findings);
    return findings.tell(shell);
}

} // namespace two_path::cli
