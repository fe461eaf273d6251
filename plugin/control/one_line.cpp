#include "plugin/control/one_line.hpp"

#include <array>

namespace two_path::control {
namespace {

/// Bytes of the UTF-8 character that `text` begins with; 0 when it begins with none (RFC 3629).
std::size_t character(std::string_view text) noexcept {
    const auto at = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const auto first = at(0);
    if (first < 0x80) return 1;
    const std::size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    if (first < 0xc2 || first > 0xf4 || text.size() < length) return 0;
    for (std::size_t i = 1; i < length; ++i)
        if ((at(i) & 0xc0U) != 0x80) return 0;
    const bool overlong = (first == 0xe0 && at(1) < 0xa0) || (first == 0xf0 && at(1) < 0x90);
    const bool no_character = (first == 0xed && at(1) >= 0xa0) || (first == 0xf4 && at(1) >= 0x90);
    return overlong || no_character ? 0 : length;
}

bool is_control(std::string_view character) noexcept {
    const auto first = static_cast<unsigned char>(character[0]);
    if (character.size() == 1) return first < 0x20 || first == 0x7f;
    return first == 0xc2 && static_cast<unsigned char>(character[1]) < 0xa0;
}

} // namespace

std::string one_line(std::string_view text, std::size_t limit) {
    std::string line;
    while (!text.empty()) {
        const auto length = character(text);
        const auto taken = text.substr(0, length == 0 ? 1 : length);
        const auto shown = length == 0 || is_control(taken) ? std::string_view(" ") : taken;
        if (line.size() + shown.size() > limit) break;
        line.append(shown);
        text.remove_prefix(taken.size());
    }
    return line;
}

} // namespace two_path::control
