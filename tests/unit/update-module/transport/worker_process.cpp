#include "tests/unit/update-module/transport/worker_process.hpp"

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include <unistd.h>

namespace two_path::tests {
namespace {

pid_t parent_of(const std::string& process) {
    std::ifstream stream("/proc/" + process + "/stat");
    std::string line;
    std::getline(stream, line);
    const auto name_end = line.rfind(')');
    if (name_end == std::string::npos) return 0;
    std::istringstream rest(line.substr(name_end + 1));
    char state = '?';
    pid_t parent = 0;
    rest >> state >> parent;
    return state == 'Z' ? 0 : parent;
}

std::vector<pid_t> children_of(pid_t parent) {
    std::vector<pid_t> children;
    for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
        const auto name = entry.path().filename().string();
        if (name.find_first_not_of("0123456789") == std::string::npos && parent_of(name) == parent)
            children.push_back(static_cast<pid_t>(std::stol(name)));
    }
    return children;
}

} // namespace

pid_t find_worker() {
    for (const auto child : children_of(::getpid()))
        for (const auto grandchild : children_of(child))
            return grandchild;
    return 0;
}

bool memory_holds(pid_t process, std::string_view bytes) {
    constexpr std::uint64_t largest = std::uint64_t{1} << 30U;
    const auto folder = "/proc/" + std::to_string(process);
    std::ifstream maps(folder + "/maps");
    std::ifstream memory(folder + "/mem", std::ios::binary);
    for (std::string line; std::getline(maps, line);) {
        std::istringstream fields(line);
        std::uint64_t begin = 0;
        std::uint64_t end = 0;
        char dash = 0;
        std::string rights;
        fields >> std::hex >> begin >> dash >> end >> rights;
        // Sanitizers reserve terabytes for themselves.
        if (rights.substr(0, 2) != "rw" || end - begin > largest) continue;
        std::string content(end - begin, '\0');
        memory.clear();
        memory.seekg(static_cast<std::streamoff>(begin));
        memory.read(content.data(), static_cast<std::streamsize>(content.size()));
        content.resize(static_cast<std::size_t>(std::max<std::streamsize>(memory.gcount(), 0)));
        if (content.find(bytes) != std::string::npos) return true;
    }
    return false;
}

} // namespace two_path::tests
