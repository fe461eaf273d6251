#include "protocol/encoding.hpp"

#include <openssl/crypto.h>

#include <algorithm>
#include <array>

namespace two_path {
namespace {

constexpr std::string_view hex_digits = "0123456789abcdef";
constexpr std::string_view base64_digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view base64url_digits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

int hex_value(char c) noexcept {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

std::string encode64(ByteView bytes, std::string_view digits) {
    std::string text;
    text.reserve((bytes.size() * 4 + 2) / 3);
    std::uint32_t window = 0;
    unsigned bits = 0;
    for (const auto byte : bytes) {
        window = (window << 8U) | byte;
        for (bits += 8; bits >= 6; bits -= 6)
            text += digits[(window >> (bits - 6)) & 63U];
    }
    if (bits > 0) text += digits[(window << (6 - bits)) & 63U];
    return text;
}

std::optional<Bytes> decode64(std::string_view text, std::string_view digits) {
    if (text.size() % 4 == 1) return std::nullopt;
    Bytes bytes;
    bytes.reserve(text.size() * 3 / 4);
    std::uint32_t window = 0;
    unsigned bits = 0;
    for (const char c : text) {
        const auto value = digits.find(c);
        if (value == std::string_view::npos) return std::nullopt;
        window = (window << 6U) | static_cast<std::uint32_t>(value);
        bits += 6;
        if (bits < 8) continue;
        bits -= 8;
        bytes.push_back(static_cast<std::uint8_t>(window >> bits));
    }
    const auto stray = window & ((1U << bits) - 1U);
    if (stray != 0) return std::nullopt;
    return bytes;
}

} // namespace

ByteView bytes_of(std::string_view text) noexcept {
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

std::string to_hex(ByteView bytes) {
    std::string text;
    text.reserve(bytes.size() * 2);
    for (const auto byte : bytes) {
        text += hex_digits[byte >> 4U];
        text += hex_digits[byte & 15U];
    }
    return text;
}

std::optional<Bytes> from_hex(std::string_view text) {
    if (text.size() % 2 != 0) return std::nullopt;
    Bytes bytes;
    bytes.reserve(text.size() / 2);
    for (std::size_t i = 0; i < text.size(); i += 2) {
        const int high = hex_value(text[i]);
        const int low = hex_value(text[i + 1]);
        if (high < 0 || low < 0) return std::nullopt;
        bytes.push_back(static_cast<std::uint8_t>(high * 16 + low));
    }
    return bytes;
}

std::string to_base64(ByteView bytes) {
    auto text = encode64(bytes, base64_digits);
    text.append((4 - text.size() % 4) % 4, '=');
    return text;
}

std::optional<Bytes> from_base64(std::string_view text) {
    if (text.size() % 4 != 0) return std::nullopt;
    for (int padding = 0; padding < 2 && text.ends_with('='); ++padding)
        text.remove_suffix(1);
    return decode64(text, base64_digits);
}

std::string to_base64url(ByteView bytes) {
    return encode64(bytes, base64url_digits);
}

std::optional<Bytes> from_base64url(std::string_view text) {
    return decode64(text, base64url_digits);
}

bool is_sha256_hex(std::string_view text) noexcept {
    return text.size() == 64 && std::all_of(text.begin(), text.end(), [](char c) {
               return hex_digits.find(c) != std::string_view::npos;
           });
}

void wipe(std::string& secret) noexcept {
    OPENSSL_cleanse(secret.data(), secret.size());
    secret.clear();
}

void wipe(Bytes& secret) noexcept {
    OPENSSL_cleanse(secret.data(), secret.size());
    secret.clear();
}

} // namespace two_path
