#include "update-module/reporting.hpp"

#include "update-module/log.hpp"
#include "update-module/watchdog.hpp"

namespace two_path::device {
namespace {

Result<void> send(FirstPath& first_path, const OwedReport& owed, Deadline deadline) {
    auto session = first_path.session(owed.session);
    if (const auto* progress = std::get_if<messages::Progress>(&owed.report))
        return session.progress(*progress, deadline);
    return session.failure(std::get<messages::FailureReport>(owed.report), deadline);
}

/// The plugin has answered, and would answer the same again. What goes wrong on this side of it passes, or is
/// mended by a person: the report waits.
bool refused_for_good(Errc code) noexcept {
    switch (code) {
    case Errc::bad_request:
    case Errc::unsupported:
    case Errc::forbidden:
    case Errc::not_found:
    case Errc::conflict:
    case Errc::out_of_order:
    case Errc::too_large:
    case Errc::superseded:
    case Errc::aborted:
    case Errc::expired:
        return true;
    default:
        return false;
    }
}

std::string name_of(const OwedReport& owed) {
    if (const auto* progress = std::get_if<messages::Progress>(&owed.report))
        return "`" + std::string(two_path::name_of(progress->step)) + "`";
    return "`failed`";
}

} // namespace

bool deliver(const OwedReports& owed, FirstPath& first_path, Deadline deadline) {
    for (const auto& entry : owed.list()) {
        if (told_to_stop() || deadline.passed()) return false;
        const auto sent = send(first_path, entry.report, deadline);
        if (!sent && !refused_for_good(sent.error().code)) {
            say("the report " + name_of(entry.report) + " stays owed: " + sent.error().message());
            return false;
        }
        if (!sent)
            say("the plugin refuses the report " + name_of(entry.report) + ": " + sent.error().message());
        if (auto removed = owed.remove(entry); !removed) say(removed.error().message());
    }
    return true;
}

Result<void> owe(OwedReports& owed, FirstPath& first_path, const OwedReport& report, Deadline deadline) {
    const auto added = owed.add(report);
    if (added) return {};
    say("the report " + name_of(report) + " cannot be kept: " + added.error().message());
    return send(first_path, report, deadline);
}

void report(OwedReports& owed, FirstPath& first_path, const OwedReport& report, Deadline deadline) {
    if (report.session.empty()) return;
    if (const auto kept = owe(owed, first_path, report, deadline); !kept) say(kept.error().message());
    deliver(owed, first_path, deadline);
}

} // namespace two_path::device
