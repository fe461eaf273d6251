// How an attempt ends: what the plugin is told of it, and what the device forgets.
#include "update-module/bulk/payload_store.hpp"
#include "update-module/committed.hpp"
#include "update-module/last_result.hpp"
#include "update-module/log.hpp"
#include "update-module/module.hpp"
#include "update-module/transfer_progress.hpp"

#include <algorithm>
#include <ctime>
#include <optional>
#include <set>

namespace two_path::device {
namespace {

/// How the attempt ended, where the plugin has not been told already.
std::optional<OwedReport> last_report(const Settings& settings, const Record& record) {
    if (record.session.empty()) return std::nullopt;
    if (record.stays())
        return OwedReport{record.session,
                          messages::Progress{SessionStep::committed, record.is(Done::compared_offline)}};
    if (record.is(Done::rolled_back))
        return OwedReport{record.session, messages::Progress{SessionStep::rolled_back, false}};
    if (record.is(Done::failed)) return std::nullopt;
    const auto why = fail(Errc::interrupted,
                          "the Mender client ended the update after `" + std::string(record.stage()) + "`");
    return OwedReport{record.session, messages::FailureReport{"Cleanup", why, kept_bytes(settings, record)}};
}

/// The blocks of a release that is installed serve nobody any more; those of a failed one help its next
/// attempt.
void forget_payload(const Module& module, const Record& record) {
    bulk::PayloadStore store(module.settings.state_dir + "/store");
    for (const auto& id : record.files)
        if (auto removed = store.remove(id); !removed) say(removed.error().message());
}

} // namespace

std::uint64_t kept_bytes(const Settings& settings, const Record& record) {
    if (record.streamed) {
        const auto running = read_progress(settings.state_dir); // of a transfer that was killed
        const auto bytes = std::max(*record.streamed, running ? running->progress.bytes : 0);
        return settings.seeds.empty() ? 0 : bytes;
    }
    const bulk::PayloadStore store(settings.state_dir + "/store");
    std::uint64_t bytes = 0;
    for (const auto& id : std::set<std::string>(record.files.begin(), record.files.end()))
        bytes += store.kept(id);
    return bytes;
}

Result<void> end_attempt(Module& module) {
    const auto record = module.records.read();
    if (!record) return record.error();
    const auto last = *record ? last_report(module.settings, **record) : std::nullopt;
    forget_progress(module.settings.state_dir);
    if (!*record) return {};
    if ((*record)->stays()) {
        forget_payload(module, **record); // makes room for what is written next
        auto kept = write_committed(module.settings.state_dir, (*record)->stream, (*record)->sequence);
        if (!kept) return kept;
    }
    if (last)
        if (auto owed = owe(module.owed, module.first_path, *last, module.deadline.within(report_time));
            !owed)
            return owed;
    const auto result = result_of(**record, std::time(nullptr));
    // For people: it must not keep the attempt from its end.
    if (auto kept = write_last_result(module.settings.state_dir, result); !kept) say(kept.error().message());
    return module.records.remove();
}

} // namespace two_path::device
