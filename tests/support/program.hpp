/// Another program, run to its end by a test.
#pragma once

#include <array>
#include <cstdio>
#include <stdexcept>
#include <string>
#include <vector>

#include <sys/wait.h>

namespace two_path::tests {

struct Finished {
    int exit_code{-1};
    std::string output; ///< both streams
};

/// Words are passed as they are.
inline Finished run_program(const std::vector<std::string>& words) {
    std::string line = "exec";
    for (const auto& word : words) {
        line += " '";
        for (const char c : word)
            line += c == '\'' ? std::string("'\\''") : std::string(1, c);
        line += '\'';
    }
    std::FILE* pipe = ::popen((line + " 2>&1 </dev/null").c_str(), "re");
    if (pipe == nullptr) throw std::runtime_error("popen");
    Finished finished;
    std::array<char, 4096> part{};
    while (const auto got = std::fread(part.data(), 1, part.size(), pipe))
        finished.output.append(part.data(), got);
    const int status = ::pclose(pipe);
    finished.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    return finished;
}

inline bool has_program(const std::string& name) {
    return run_program({"sh", "-c", "command -v " + name}).exit_code == 0;
}

} // namespace two_path::tests
