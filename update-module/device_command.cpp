#include "update-module/device_command.hpp"

#include "update-module/device_status.hpp"
#include "update-module/log.hpp"
#include "update-module/module.hpp"
#include "update-module/module_doctor.hpp"
#include "update-module/process.hpp"
#include "update-module/start_notification.hpp"
#include "update-module/state_folder.hpp"

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdio>

#include <unistd.h>

namespace two_path::device {
namespace {

constexpr milliseconds delivery_time{4'000};
constexpr unsigned report_limit = 5; ///< seconds, whatever happens
constexpr milliseconds request_time{30'000};
constexpr milliseconds check_time{10'000};
constexpr std::size_t check_output = 4096; ///< of the check command, bytes; not shown

constexpr std::string_view usage = R"(usage: two-path-device COMMAND

  status [--json]       what is installed, under way and owed
  doctor [--json]       what is wrong, seen from here, and what to do; changes nothing
  inventory             module version and last result, as lines for the Mender client's inventory
  busy                  whether the device may be updated now: `on` or `off`
  busy on|off           hold back updates that ask the device, or let them go on
  report                deliver reports that the plugin has not had yet, at most 5 s
  request-update [RELEASE]
                        order an update for this device: that release, or the newest
  start-notification [--until-told]
                        tell the plugin that the device has restarted, where an update waits for it;
                        again and again while it cannot be told

  --help, --version

Settings: /etc/two-path/two-path.conf, or the file that TWO_PATH_CONF names.
Exit codes: 0 done, 1 failed, 2 wrong arguments, 3 wrong configuration, 4 not allowed, 5 nothing newer,
7 plugin unreachable or busy.
`report` always ends with 0, so that it can stand in a state script; `doctor` ends with 1 when something failed.
)";

using Arguments = std::vector<std::string>;

Result<void> print(const std::string& text) {
    if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() || std::fflush(stdout) != 0)
        return fail(Errc::io_error, "standard output cannot be written");
    return {};
}

Error wrong_arguments(const std::string& detail) {
    return fail(Errc::bad_request, detail + "; see two-path-device --help");
}

Result<void> show_status(const Settings& settings, const Arguments& arguments) {
    const bool as_json = arguments.size() == 1 && arguments[0] == "--json";
    if (!arguments.empty() && !as_json) return wrong_arguments("`status` takes nothing but --json");
    const auto status = read_status(settings);
    if (!status) return status.error();
    return print(as_json ? to_json(*status) : to_text(*status));
}

Result<void> show_inventory(const Settings& settings, const Arguments& arguments) {
    if (!arguments.empty()) return wrong_arguments("`inventory` takes no argument");
    return print(inventory_text(read_last_result(settings.state_dir)));
}

Result<void> show_or_set_busy(const Settings& settings, const Arguments& arguments) {
    if (arguments.empty()) return print(is_busy(settings.state_dir) ? "on\n" : "off\n");
    if (arguments.size() != 1 || (arguments[0] != "on" && arguments[0] != "off"))
        return wrong_arguments("`busy` takes `on`, `off` or nothing");
    return set_busy(settings.state_dir, arguments[0] == "on");
}

Result<void> deliver_reports(const Settings& settings, const Arguments& arguments) {
    if (!arguments.empty()) return wrong_arguments("`report` takes no argument");
    std::signal(SIGALRM, [](int) { ::_exit(0); });
    ::alarm(report_limit);
    const auto deadline = Deadline::in(delivery_time);
    const OwedReports owed(settings.state_dir);
    if (owed.count() == 0) return {};
    const auto lock = StateLock::take(settings.state_dir, Deadline::in({}));
    if (!lock) return lock.error();
    FirstPath first_path(settings);
    deliver(owed, first_path, deadline);
    return {};
}

Result<void> tell_start_notification(const Settings& settings, const Arguments& arguments) {
    const bool until_told = arguments.size() == 1 && arguments[0] == "--until-told";
    if (!arguments.empty() && !until_told)
        return wrong_arguments("`start-notification` takes nothing but --until-told");
    const auto told = until_told ? notify_start_until_told(settings) : notify_start(settings);
    if (!told) return told.error();
    return print(*told + "\n");
}

/// Whether the Mender client was told to look for an update now.
bool check_for_update(const Settings& settings) {
    if (settings.check_update_command.empty()) return false;
    const auto ran =
        capture(Command{settings.check_update_command, {}, -1}, check_output, Deadline::in(check_time));
    return ran && ran->exit.ok();
}

Result<void> request_update(const Settings& settings, const Arguments& arguments) {
    if (arguments.size() > 1 || (!arguments.empty() && arguments[0].starts_with('-')))
        return wrong_arguments("`request-update` takes a release's name or nothing");
    messages::UpdateRequest request;
    if (!arguments.empty()) request.release = arguments[0];
    auto committed = read_committed(settings.state_dir);
    if (!committed) return committed.error();
    request.committed = std::move(*committed);
    FirstPath first_path(settings);
    const auto ordered = first_path.session().request_update(request, Deadline::in(request_time));
    if (!ordered) return ordered.error();
    return print("ordered: release " + ordered->release + ", deployment " + ordered->deployment + "\n" +
                 (check_for_update(settings) ? "the Mender client looks for it now\n"
                                             : "it begins when the Mender client next looks for updates\n"));
}

struct Entry {
    std::string_view name;
    Result<void> (*run)(const Settings&, const Arguments&);
};

constexpr std::array commands{
    Entry{"status", show_status},
    Entry{"inventory", show_inventory},
    Entry{"busy", show_or_set_busy},
    Entry{"report", deliver_reports},
    Entry{"start-notification", tell_start_notification},
    Entry{"request-update", request_update},
};

Result<void> run(const Arguments& arguments) {
    if (arguments.empty()) return wrong_arguments("a command is missing");
    const auto& name = arguments.front();
    if (name == "--help" || name == "-h") return print(std::string(usage));
    if (name == "--version") return print("two-path-device " TWO_PATH_VERSION "\n");
    const auto* command = std::ranges::find(commands, name, &Entry::name);
    if (command == commands.end()) return wrong_arguments("unknown command `" + name + "`");
    const auto settings = load_settings();
    if (!settings) return settings.error();
    return command->run(*settings, {arguments.begin() + 1, arguments.end()});
}

} // namespace

int run_device_command(const std::vector<std::string>& arguments) {
    // It looks at the settings itself, and tells all that it found.
    if (!arguments.empty() && arguments.front() == "doctor")
        return run_doctor({arguments.begin() + 1, arguments.end()});
    const bool never_fails = arguments.size() == 1 && arguments.front() == "report";
    const auto ran = run(arguments);
    if (ran) return 0;
    say(ran.error().code == Errc::bad_request ? ran.error().detail : ran.error().message());
    return never_fails ? 0 : info(ran.error().code).exit_code;
}

} // namespace two_path::device
