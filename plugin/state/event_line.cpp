#include "plugin/state/event_line.hpp"

namespace two_path::state {

std::string event_line(const Session& session, std::string_view what, std::string_view cause,
                       std::string_view detail, bool is_step) {
    std::string text(what);
    if (is_step && is_final(session.state) && session.reason)
        text.append(", ").append(info(*session.reason).reason);
    text.append(" (").append(cause).append(")");
    if (is_step && session.state == SessionState::opened)
        text.append(": device ").append(session.device).append(", release ").append(session.request.release);
    if (!detail.empty()) text.append(": ").append(detail);
    return text;
}

} // namespace two_path::state
