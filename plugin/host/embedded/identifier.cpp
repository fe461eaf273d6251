#include "plugin/host/embedded/identifier.hpp"

#include "protocol/encoding.hpp"

#include <openssl/rand.h>

#include <array>
#include <stdexcept>

namespace two_path::host::embedded {
namespace {

bool is_dash(std::size_t position) noexcept {
    return position == 8 || position == 13 || position == 18 || position == 23;
}

} // namespace

std::string make_uuid() {
    std::array<std::uint8_t, 16> bytes{};
    if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1)
        throw std::runtime_error("this machine has no randomness");
    bytes[6] = static_cast<std::uint8_t>((bytes[6] & 0x0FU) | 0x40U);
    bytes[8] = static_cast<std::uint8_t>((bytes[8] & 0x3FU) | 0x80U);
    auto text = to_hex(bytes);
    for (const std::size_t dash : {8U, 13U, 18U, 23U})
        text.insert(dash, 1, '-');
    return text;
}

bool is_uuid(std::string_view text) noexcept {
    constexpr std::string_view digits = "0123456789abcdef";
    if (text.size() != 36) return false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (is_dash(i) ? text[i] != '-' : digits.find(text[i]) == std::string_view::npos) return false;
    }
    return true;
}

} // namespace two_path::host::embedded
