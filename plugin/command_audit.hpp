/// What the commands of two-path-server change, in the audit trail beside what the daemon keeps there.
#pragma once

#include "plugin/config.hpp"

#include <string>

namespace two_path {

/// Who runs this program, as the system calls him: `system user root`. Before it acts as somebody else.
[[nodiscard]] std::string system_user();

/// A line on the disk, also while the daemon runs. A trail that cannot be written is said on standard error,
/// and the change holds.
void note_command(const Settings& settings, const std::string& user, const std::string& action,
                  const std::string& about);

} // namespace two_path
