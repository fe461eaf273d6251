#include "plugin/command_audit.hpp"

#include "plugin/control/audit_trail.hpp"
#include "plugin/log.hpp"

#include <pwd.h>
#include <unistd.h>

namespace two_path {

std::string system_user() {
    const auto id = ::getuid();
    const auto* entry = ::getpwuid(id);
    return "system user " + (entry == nullptr ? std::to_string(id) : std::string(entry->pw_name));
}

void note_command(const Settings& settings, const std::string& user, const std::string& action,
                  const std::string& about) {
    auto trail =
        control::AuditTrail::open(settings.state_dir / "audit", settings.audit_size, Clock::system());
    if (trail)
        trail->add({user, {}, action, about, 0, {}});
    else
        log(Level::error, trail.error().detail);
}

} // namespace two_path
