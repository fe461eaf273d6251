/// A process with all that it started, so that ending it leaves nothing behind.
#pragma once

#include <cstdint>
#include <vector>

#include <sys/types.h>

namespace two_path::device {

/// One process; a later one with the same number is told apart by its start.
struct ProcessId {
    pid_t pid{-1};
    std::uint64_t start{0}; ///< clock ticks after boot, proc(5)
    bool operator==(const ProcessId&) const = default;
};

/// Stops (SIGSTOP) `root` and all that descend from it, so that none of them can start another unseen, and
/// gives them; without ourselves, should that be `root`. From /proc. What is to run on needs a SIGCONT.
[[nodiscard]] std::vector<ProcessId> stop_tree(pid_t root);
/// Sends a signal to those that are still the same processes.
void signal_all(const std::vector<ProcessId>& processes, int signal) noexcept;

} // namespace two_path::device
