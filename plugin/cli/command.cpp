#include "plugin/cli/command.hpp"

#include "plugin/cli/command_line.hpp"
#include "plugin/control/one_line.hpp"

#include <algorithm>
#include <array>
#include <ostream>
#include <string_view>

namespace two_path::cli {
namespace {

struct Command {
    std::string_view name;
    std::string_view purpose;
    Outcome (*run)(const std::vector<std::string>&, Shell&);
};

constexpr std::array commands{
    Command{"login", "log in to a server and remember it", &login},
    Command{"devices", "list devices, accept or reject them", &devices},
    Command{"publish", "make a release of a file or of a Mender Artifact", &publish},
    Command{"import", "make a release of one that is in Mender with its whole artifact", &import},
    Command{"releases", "list releases, remove one", &releases},
    Command{"deploy", "order an update", &deploy},
    Command{"deployments", "list deployments, show or abort one", &deployments},
    Command{"sessions", "list sessions, show one's time line", &sessions},
    Command{"webhook", "list results that were not taken, tell them again", &webhook},
    Command{"audit", "export who did what and when", &audit},
    Command{"doctor", "look for what is wrong, and say what to do", &doctor},
};

void print_help(std::ostream& out) {
    out << "Usage: two-path COMMAND [OPTIONS]\n\nCommands:\n";
    for (const auto& command : commands)
        out << "  " << command.name << std::string(14 - command.name.size(), ' ') << command.purpose << '\n';
    out << "\n`two-path COMMAND --help` tells its options. Exit codes: 0 done, 1 failed, 2 wrong usage,\n"
           "3 configuration, 4 not allowed, 5 not found, 6 conflict, 7 unreachable or busy, 8 not trusted.\n";
}

/// What was wrong, on one line. Where the operator's own input is to blame, the detail says it all.
std::string line_of(const Error& error) {
    const bool own_words = error.code == Errc::bad_request || error.code == Errc::bad_configuration;
    return control::one_line(own_words && !error.detail.empty() ? error.detail : error.message(), 4096);
}

} // namespace

void Shell::note(const std::string& line) const {
    if (!quiet) err << line << '\n';
}

void Shell::warn(const std::string& line) const {
    err << "two-path: warning: " << line << '\n';
}

int run(const std::vector<std::string>& arguments, Shell& shell) {
    const auto usage = info(Errc::bad_request).exit_code;
    if (arguments.empty()) {
        shell.err << "two-path: which command? (`--help` lists them)\n";
        return usage;
    }
    const auto& name = arguments.front();
    if (name == "--help" || name == "help") {
        print_help(shell.out);
        return 0;
    }
    if (name == "--version") {
        shell.out << "two-path " << TWO_PATH_VERSION << '\n';
        return 0;
    }
    const auto* command = std::ranges::find(commands, name, &Command::name);
    if (command == commands.end() && name.starts_with('-')) {
        shell.err << "two-path: " << control::one_line(name)
                  << ": options follow the command, e.g. `two-path releases --json` (`--help` lists the "
                     "commands)\n";
        return usage;
    }
    if (command == commands.end()) {
        shell.err << "two-path: no command is called `" << control::one_line(name)
                  << "` (`--help` lists them)\n";
        return usage;
    }
    const auto outcome = command->run({arguments.begin() + 1, arguments.end()}, shell);
    if (outcome) return *outcome;
    shell.err << "two-path " << name << ": " << line_of(outcome.error()) << '\n';
    return info(outcome.error().code).exit_code;
}

} // namespace two_path::cli
