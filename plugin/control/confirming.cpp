// The end of a session's life: the start notification, and the version that the device reports after it.
#include "plugin/control/one_line.hpp"
#include "plugin/control/sessions.hpp"

namespace two_path::control {
namespace {

/// Without a restart, only what is installed can be asked for its version.
Result<void> may_start_without_restart(const state::Session& session) {
    if (session.reboot_always)
        return fail(Errc::out_of_order, "the release asks for a restart, and the device has not restarted");
    if (session.state == SessionState::installed || session.state == SessionState::confirmed ||
        session.state == SessionState::mismatch)
        return {};
    return fail(Errc::out_of_order,
                "`start` without a restart in state `" + std::string(name_of(session.state)) + "`");
}

Result<void> is_asked(const state::Session& session, const messages::VersionReport& report) {
    if (!session.nonce || *session.nonce != report.nonce || session.nonce_boot_id != report.boot_id)
        return fail(Errc::out_of_order, "this version was not asked for; send a start notification first");
    if (session.nonce_answered && session.reported != report.version)
        return fail(Errc::out_of_order, "another version was reported already; send a start notification");
    return {};
}

std::string comparison(const state::Session& session, const std::string& reported) {
    if (!session.version_check) return "version not checked";
    if (reported.empty()) return "expected " + session.version + ", the device cannot read its version";
    return "expected " + session.version + ", the device reports " + one_line(reported);
}

} // namespace

Result<messages::VersionRequest> Sessions::start(const std::string& device, const std::string& session,
                                                 const messages::StartNotification& start) {
    auto found = find(device, session);
    if (!found) return found.error();
    const bool restarted = start.boot_id != found->request.boot_id;
    if (!restarted)
        if (auto may = may_start_without_restart(*found); !may) return may.error();
    found->nonce = make_nonce();
    found->nonce_boot_id = start.boot_id;
    found->nonce_answered = false;
    const auto boot = "boot " + one_line(start.boot_id);
    const auto next = restarted ? next_state(found->state, SessionStep::restarted) : std::nullopt;
    if (next && *next != found->state) {
        if (auto taken = step(*found, SessionStep::restarted, "device", boot); !taken) return taken.error();
    } else {
        store_.note(*found, "started", "device", boot);
    }
    return messages::VersionRequest{*found->nonce};
}

Result<messages::Verdict> Sessions::version(const std::string& device, const std::string& session,
                                            const messages::VersionReport& report) {
    auto found = find(device, session);
    if (!found) return found.error();
    if (is_final(found->state) && found->state != SessionState::committed) return why_ended(*found);
    if (auto asked = is_asked(*found, report); !asked) return asked.error();

    const bool equal = !found->version_check || report.version == found->version;
    const messages::Verdict verdict{equal, found->version_check ? found->version : std::string(),
                                    report.version};
    if (found->nonce_answered) return verdict;

    const auto to = equal ? SessionStep::version_equal : SessionStep::version_differs;
    const auto next =
        found->state == SessionState::committed ? std::optional(found->state) : next_state(found->state, to);
    if (!next)
        return fail(Errc::out_of_order, "`" + std::string(name_of(to)) + "` in state `" +
                                            std::string(name_of(found->state)) + "`");
    found->reported = report.version;
    found->nonce_answered = true;
    const auto compared = comparison(*found, report.version);
    if (*next == SessionState::mismatch) {
        found->reason = report.version.empty() ? Errc::version_unreadable : Errc::version_mismatch;
        found->detail = compared;
    }
    if (*next == found->state) {
        store_.note(*found, "version", "device", compared);
        return verdict;
    }
    if (auto taken = step(*found, to, "device", compared); !taken) return taken.error();
    return verdict;
}

} // namespace two_path::control
