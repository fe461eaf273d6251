/// Which system calls a process that parses FTP may still make (seccomp).
#pragma once

#include <cstdint>

namespace two_path::bulk {

/// What a worker is.
enum class WorkerRole : std::uint8_t {
    client, ///< of one connection: connection_messages.hpp
    server, ///< that listens: listener_messages.hpp
};

/// Whether the kernel has such filters, and this one is written for the processor's architecture.
[[nodiscard]] bool can_filter_calls() noexcept;

/// From here on this thread and all that it starts make no other calls than a worker of that role needs:
/// TCP sockets, waiting, memory of its own. A call that only an intruder makes (a program, a process, a
/// signal to another) ends the process with SIGSYS; of any other it is told that there is no such call
/// (ENOSYS), as libraries expect it of an older kernel. False when there is no filter.
/// Needs no_new_privs.
[[nodiscard]] bool filter_calls(WorkerRole role) noexcept;

} // namespace two_path::bulk
