/// Text in a packet between processes of the module.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace two_path::bulk {

/// A bounded text in a packet. What comes from the other process is cut and cleaned when read.
struct PacketText {
    std::uint16_t size{0};
    std::array<char, 256> characters{};

    PacketText() = default;
    explicit PacketText(std::string_view text) {
        size = static_cast<std::uint16_t>(std::min(text.size(), characters.size()));
        std::copy_n(text.begin(), size, characters.begin());
    }
    /// Anything but printable ASCII becomes '?': it may end in a log.
    [[nodiscard]] std::string text() const {
        std::string clean(characters.data(), std::min<std::size_t>(size, characters.size()));
        std::replace_if(
            clean.begin(), clean.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
        return clean;
    }
};

} // namespace two_path::bulk
