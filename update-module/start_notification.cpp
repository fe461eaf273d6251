#include "update-module/start_notification.hpp"

#include "update-module/back_off.hpp"
#include "update-module/log.hpp"
#include "update-module/module.hpp"
#include "update-module/state_folder.hpp"

#include <optional>
#include <random>
#include <thread>

namespace two_path::device {
namespace {

constexpr milliseconds attempt_time{30'000};

/// Only while the new software is to prove itself, and only from another boot.
bool waits_for_restart(const Record& record, const std::string& boot_id) {
    return record.is(Done::installed) && !record.session.empty() && record.boot_id != boot_id &&
           !record.is(Done::committed) && !record.is(Done::rolled_back);
}

Result<std::string> tell(const Settings& settings, const Record& record, const std::string& boot_id) {
    const auto deadline = Deadline::in(attempt_time);
    const auto installed = installed_version(settings, record.version_file, deadline);
    FirstPath first_path(settings);
    const OwedReports owed(settings.state_dir);
    if (!installed) {
        // So early after a boot the file may be missing only now: the module judges, when the client calls
        // it.
        const auto told = tell_start(owed, first_path, record.session, boot_id, deadline);
        if (!told) return told.error();
        return "told of the restart alone: " + installed.error().message();
    }
    const auto verdict = tell_version(owed, first_path, record.session, boot_id, installed, deadline);
    if (!verdict) return verdict.error();
    if (verdict->confirmed) return "confirmed: the device runs " + verdict->reported;
    return "mismatch: expected " + verdict->expected + ", the device runs " + *installed;
}

/// conflict when another process of ours has the state.
Result<std::string> attempt(const Settings& settings) {
    const auto lock = StateLock::take(settings.state_dir, Deadline::in({}));
    if (!lock) return lock.error();
    const auto record = RecordFile(settings.state_dir).read();
    if (!record) return record.error();
    const auto boot_id = read_boot_id(settings);
    if (!boot_id) return boot_id.error();
    if (!*record || !waits_for_restart(**record, *boot_id))
        return std::string("no update waits for a restart");
    return tell(settings, **record, *boot_id);
}

} // namespace

Result<std::string> notify_start(const Settings& settings) {
    auto told = attempt(settings);
    if (!told && told.error().code == Errc::conflict)
        return std::string("the update module is at work and tells the plugin itself");
    return told;
}

Result<std::string> notify_start_until_told(const Settings& settings) {
    std::mt19937 random{std::random_device{}()};
    std::uniform_real_distribution<double> chance(0, 1);
    std::optional<Errc> said;
    for (unsigned failed = 1;; ++failed) {
        auto told = attempt(settings);
        if (told) return told;
        const auto code = told.error().code;
        if (!is_away(code) && code != Errc::conflict) return told;
        if (said != code) say("tried again until the plugin is told: " + told.error().message());
        said = code;
        std::this_thread::sleep_for(back_off(failed, chance(random)));
    }
}

} // namespace two_path::device
