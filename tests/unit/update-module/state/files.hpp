/// Small files written and read by tests of the device's end.
#pragma once

#include "tests/support/temporary_folder.hpp"

#include <fstream>
#include <sstream>
#include <string>

namespace two_path::tests {

inline std::string put(const std::filesystem::path& path, const std::string& content,
                       bool executable = false) {
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << content;
    if (executable) std::filesystem::permissions(path, std::filesystem::perms::owner_all);
    return path.string();
}

inline std::string contents(const std::filesystem::path& path) {
    std::ostringstream text;
    text << std::ifstream(path, std::ios::binary).rdbuf();
    return text.str();
}

} // namespace two_path::tests
