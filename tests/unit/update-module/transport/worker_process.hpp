/// Finds the process that talks FTP, from outside, as a debugger or an attacker would.
#pragma once

#include <string_view>
#include <sys/types.h>

namespace two_path::tests {

/// The one grandchild of this process; 0 when there is none.
[[nodiscard]] pid_t find_worker();
/// Whether any readable memory of a process holds these bytes.
[[nodiscard]] bool memory_holds(pid_t process, std::string_view bytes);

} // namespace two_path::tests
