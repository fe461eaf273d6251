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

/// `root` and all that descend from it now, from /proc. Empty when `root` is gone.
[[nodiscard]] std::vector<ProcessId> tree_of(pid_t root);
/// Sends a signal to those that are still the same processes.
void signal_all(const std::vector<ProcessId>& processes, int signal) noexcept;

} // namespace two_path::device
