// Start notification, version, comparison: what confirms that the device runs what was sent (claim C11).
#include "update-module/durable_file.hpp"
#include "update-module/install/version.hpp"
#include "update-module/log.hpp"
#include "update-module/module.hpp"

namespace two_path::device {
namespace {

/// The first state after a start: the network and the client's token may take a while.
constexpr milliseconds refusal_time{60'000};

Result<void> compare(const Descriptor& descriptor, const Result<std::string>& installed) {
    if (!descriptor.version_check) return {};
    if (!installed) return installed.error();
    if (*installed == descriptor.version) return {};
    return fail(Errc::version_mismatch, "expected " + descriptor.version + ", installed is " + *installed);
}

Result<void> judge(const Descriptor& descriptor, const messages::Verdict& verdict,
                   const Result<std::string>& installed) {
    if (verdict.confirmed) {
        // The plugin's word does not replace the signed descriptor's.
        if (auto compared = compare(descriptor, installed); !compared) return compared;
        say(descriptor.version_check ? "version " + verdict.reported + " is confirmed"
                                     : "confirmed; the version is not checked");
        return {};
    }
    if (!installed) return installed.error();
    return fail(Errc::version_mismatch, "expected " + verdict.expected + ", installed is " + *installed);
}

} // namespace

Result<std::string> read_boot_id(const Settings& settings) {
    const auto text = read_small_file(settings.boot_id_file, 255);
    if (!text) return text.error();
    auto id = text->value_or("");
    while (id.ends_with('\n'))
        id.pop_back();
    if (!is_name(id)) return fail(Errc::io_error, settings.boot_id_file + " holds no boot id");
    return id;
}

Result<std::string> installed_version(const Settings& settings, const std::string& version_file,
                                      Deadline deadline) {
    return install::read_version({version_file, settings.version_command}, deadline);
}

Result<messages::VersionRequest> tell_start(const OwedReports& owed, FirstPath& first_path,
                                            const std::string& session, const std::string& boot_id,
                                            Deadline deadline) {
    if (!deliver(owed, first_path, deadline.within(report_time)))
        say("reports that come before the start notification are still owed");
    return first_path.session(session).start({boot_id}, deadline);
}

Result<messages::Verdict> tell_version(const OwedReports& owed, FirstPath& first_path,
                                       const std::string& session, const std::string& boot_id,
                                       const Result<std::string>& installed, Deadline deadline) {
    const auto request = tell_start(owed, first_path, session, boot_id, deadline);
    if (!request) return request.error();
    return first_path.session(session).version(
        {installed ? *installed : std::string(), request->nonce, boot_id}, deadline);
}

Error explain_refusal(Module& module, const Record& record, const Descriptor& descriptor, const Error& why) {
    if (why.code != Errc::inner_module_failed) return why;
    const auto until = module.deadline.within(refusal_time);
    const auto installed = installed_version(module.settings, descriptor.version_file, until);
    const auto boot_id = read_boot_id(module.settings);
    if (!installed || !boot_id) return why;
    const auto compared = compare(descriptor, installed);
    if (compared) return why;
    const auto told =
        tell_version(module.owed, module.first_path, record.session, *boot_id, installed, until);
    if (!told) say("the plugin is not told the version that runs: " + told.error().message());
    auto differs = compared.error();
    differs.detail += "; " + why.detail;
    return differs;
}

Result<void> confirm(Module& module, Record& record, const Descriptor& descriptor) {
    const auto boot_id = read_boot_id(module.settings);
    if (!boot_id) return boot_id.error();
    const auto until = module.deadline.within(module.settings.confirm_timeout);
    const auto installed = installed_version(module.settings, descriptor.version_file, until);
    const auto verdict =
        tell_version(module.owed, module.first_path, record.session, *boot_id, installed, until);
    const bool offline = !verdict;
    if (verdict) {
        if (auto judged = judge(descriptor, *verdict, installed); !judged) return judged;
    } else {
        const auto& why = verdict.error();
        // A plugin that lost the session can no more confirm than one that is away.
        if (!is_away(why.code) && why.code != Errc::not_found) return why;
        if (module.settings.confirm_required) return why;
        if (auto compared = compare(descriptor, installed); !compared) return compared;
        say("the version equals the signed descriptor's; the plugin is told later: " + why.message());
    }
    record.set(Done::confirmed);
    record.confirmed_boot_id = *boot_id;
    offline ? record.set(Done::compared_offline) : record.unset(Done::compared_offline);
    return module.records.write_then(record, [] { return Result<void>{}; });
}

} // namespace two_path::device
