#include "plugin/backup_command.hpp"
#include "plugin/config.hpp"
#include "plugin/control/webhook.hpp"
#include "plugin/daemon.hpp"
#include "plugin/host_choice.hpp"
#include "plugin/log.hpp"
#include "plugin/server_identity.hpp"
#include "plugin/user_command.hpp"

#include <csignal>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <string>
#include <vector>

namespace {
using namespace two_path;

int report(const Error& error) {
    std::cerr << "two-path-server: " << (error.detail.empty() ? error.message() : error.detail) << '\n';
    return info(error.code).exit_code;
}

int check_config(const Settings& settings) {
    const auto& https = settings.https;
    if (!https.certificate.empty()) {
        const auto tls = control::server_tls({https.certificate, https.key});
        if (!tls) return report(tls.error());
    }
    if (const auto host = check_host(settings); !host) return report(host.error());
    if (!settings.webhook.url.empty()) {
        const auto webhook = control::webhook_options(settings);
        if (!webhook) return report(webhook.error());
    }
    std::cout << "the configuration is good\n";
    return EXIT_SUCCESS;
}

int serve(const Settings& settings, const std::vector<std::string>& arguments) {
    const auto read_again = [arguments]() -> Result<Settings> {
        auto invocation = read_command_line(arguments);
        if (!invocation) return invocation.error();
        return std::move(invocation->settings);
    };
    log_as_json(settings.json_log);
    const auto daemon = Daemon::create(settings, read_again);
    if (!daemon) return report(daemon.error());
    return (*daemon)->run();
}

int run(const std::vector<std::string>& arguments) {
    const auto invocation = read_command_line(arguments);
    if (!invocation) return report(invocation.error());
    const auto& settings = invocation->settings;
    switch (invocation->command) {
    case Command::help:
        std::cout << help_text();
        return EXIT_SUCCESS;
    case Command::version:
        std::cout << "two-path-server " TWO_PATH_VERSION "\n";
        return EXIT_SUCCESS;
    case Command::check_config:
        return check_config(settings);
    case Command::create_user: {
        const auto created = create_user(settings, invocation->email);
        if (!created) return report(created.error());
        std::cout << "created the user " << invocation->email << '\n';
        return EXIT_SUCCESS;
    }
    case Command::set_password: {
        const auto set = set_password(settings, invocation->email);
        if (!set) return report(set.error());
        std::cout << "changed the password of " << invocation->email
                  << "; who was logged in with it must log in again\n";
        return EXIT_SUCCESS;
    }
    case Command::backup: {
        const auto made = make_backup(settings, invocation->folder);
        if (!made) return report(made.error());
        std::cout << "the backup is in " << invocation->folder.string() << ", which holds secrets\n";
        return EXIT_SUCCESS;
    }
    case Command::restore: {
        const auto restored = restore_backup(settings, invocation->folder);
        if (!restored) return report(restored.error());
        std::cout << settings.state_dir.string() << " is as the backup was\n";
        return EXIT_SUCCESS;
    }
    case Command::serve:
        break;
    }
    return serve(settings, arguments);
}

} // namespace

int main(int count, char** arguments) {
    std::signal(SIGPIPE, SIG_IGN);
    try {
        return run(std::vector<std::string>(arguments + 1, arguments + count));
    } catch (const std::exception& error) {
        std::cerr << "two-path-server: " << error.what() << '\n';
        return EXIT_FAILURE;
    }
}
