#include "update-module/process_tree.hpp"

#include "update-module/deadline.hpp"
#include "update-module/durable_file.hpp"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include <signal.h>
#include <unistd.h>

namespace two_path::device {
namespace {

struct Seen {
    ProcessId id;
    pid_t parent{-1};
    char state{'?'};
};

std::uint64_t number_at(std::string_view fields, std::size_t index) {
    for (; index > 0; --index) {
        const auto space = fields.find(' ');
        if (space == std::string_view::npos) return 0;
        fields.remove_prefix(space + 1);
    }
    std::uint64_t number = 0;
    std::from_chars(fields.data(), fields.data() + fields.size(), number);
    return number;
}

std::optional<Seen> look_at(pid_t pid) {
    const auto text = read_small_file("/proc/" + std::to_string(pid) + "/stat", 4096);
    if (!text || !*text) return std::nullopt;
    // The name, in parentheses, may hold anything; `state` (field 3) comes behind the last one.
    const auto name_end = (*text)->rfind(") ");
    if (name_end == std::string::npos) return std::nullopt;
    const auto fields = std::string_view(**text).substr(name_end + 2);
    return Seen{{pid, number_at(fields, 19)}, static_cast<pid_t>(number_at(fields, 1)), fields.front()};
}

std::vector<Seen> all_processes() {
    std::vector<Seen> all;
    std::error_code ec;
    for (std::filesystem::directory_iterator entry("/proc", ec), end; !ec && entry != end;
         entry.increment(ec)) {
        const auto name = entry->path().filename().string();
        pid_t pid = 0;
        const auto parsed = std::from_chars(name.data(), name.data() + name.size(), pid);
        if (parsed.ptr != name.data() + name.size()) continue;
        if (const auto seen = look_at(pid)) all.push_back(*seen);
    }
    return all;
}

std::vector<Seen> tree_of(pid_t root) {
    std::vector<Seen> tree;
    const auto all = all_processes();
    for (const auto& seen : all)
        if (seen.id.pid == root) tree.push_back(seen);
    for (std::size_t i = 0; i < tree.size(); ++i)
        for (const auto& seen : all)
            if (seen.parent == tree[i].id.pid) tree.push_back(seen);
    return tree;
}

/// It runs no code of its own until it is told to.
bool stands_still(const Seen& seen) {
    return std::string_view("tTZX").find(seen.state) != std::string_view::npos;
}

constexpr milliseconds stop_time{1'000}; ///< for a process in a system call to come to a stop

} // namespace

std::vector<ProcessId> stop_tree(pid_t root) {
    const auto until = Deadline::in(stop_time);
    for (bool still = false;;) {
        std::vector<ProcessId> tree;
        std::vector<ProcessId> moving;
        for (const auto& seen : tree_of(root)) {
            if (seen.id.pid == ::getpid()) continue;
            tree.push_back(seen.id);
            if (!stands_still(seen)) moving.push_back(seen.id);
        }
        // Looked at once more after all stood still: one of them may have started another in between.
        if ((still && moving.empty()) || until.passed()) return tree;
        still = moving.empty();
        signal_all(moving, SIGSTOP);
        if (!still) std::this_thread::sleep_for(milliseconds{1});
    }
}

void signal_all(const std::vector<ProcessId>& processes, int signal) noexcept {
    for (const auto& process : processes)
        if (const auto now = look_at(process.pid); now && now->id == process) ::kill(process.pid, signal);
}

} // namespace two_path::device
