#include "update-module/process_tree.hpp"

#include "update-module/durable_file.hpp"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <optional>
#include <string>

#include <signal.h>

namespace two_path::device {
namespace {

struct Seen {
    ProcessId id;
    pid_t parent{-1};
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
    return Seen{{pid, number_at(fields, 19)}, static_cast<pid_t>(number_at(fields, 1))};
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

} // namespace

std::vector<ProcessId> tree_of(pid_t root) {
    std::vector<ProcessId> tree;
    const auto first = look_at(root);
    if (!first) return tree;
    tree.push_back(first->id);
    const auto all = all_processes();
    for (std::size_t i = 0; i < tree.size(); ++i)
        for (const auto& seen : all)
            if (seen.parent == tree[i].pid && std::ranges::find(tree, seen.id) == tree.end())
                tree.push_back(seen.id);
    return tree;
}

void signal_all(const std::vector<ProcessId>& processes, int signal) noexcept {
    for (const auto& process : processes)
        if (const auto now = look_at(process.pid); now && now->id == process) ::kill(process.pid, signal);
}

} // namespace two_path::device
