#include "update-module/log.hpp"

#include <algorithm>
#include <string>

#include <unistd.h>

namespace two_path::device {

void say(std::string_view text) {
    auto line = std::string("two-path: ").append(text);
    std::ranges::replace_if(
        line, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, '?');
    line += '\n';
    [[maybe_unused]] const auto written = ::write(STDERR_FILENO, line.data(), line.size());
}

} // namespace two_path::device
