/// Takes from the processes that deal with FTP what they do not need.
#pragma once

#include <string>

namespace two_path::bulk {

/// From here on this process and all that it starts have no capability, get none by executing a program,
/// reach no file by its name, write none, dump no core and are looked into by nobody but root; where root
/// started it, as the user `nobody`. For a process with one thread, while it has no file open that it shall
/// not have. Forgets PR_SET_PDEATHSIG. Gives what this system has not, for people; empty: it has everything,
/// filters of system calls too.
[[nodiscard]] std::string give_up_rights();

/// Whether a sanitizer is built in: its memory is larger than the limit otherwise set, and so are the reports
/// that it may write to a file.
[[nodiscard]] bool is_sanitized() noexcept;

/// What only a process that starts no other can give up. Needs `give_up_rights` before it.
void give_up_processes() noexcept;

} // namespace two_path::bulk
