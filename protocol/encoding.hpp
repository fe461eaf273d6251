/// Bytes as text (hex, base64, base64url) and secrets that do not stay in memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace two_path {

using Bytes = std::vector<std::uint8_t>;
using ByteView = std::span<const std::uint8_t>;

/// The bytes of a text, as they are.
[[nodiscard]] ByteView bytes_of(std::string_view text) noexcept;

/// Lower-case hexadecimal.
[[nodiscard]] std::string to_hex(ByteView bytes);
/// Strict: an even number of digits of either case, nothing else.
[[nodiscard]] std::optional<Bytes> from_hex(std::string_view text);

/// RFC 4648, section 4, with padding.
[[nodiscard]] std::string to_base64(ByteView bytes);
/// Strict: padding required, no white space, no stray bits.
[[nodiscard]] std::optional<Bytes> from_base64(std::string_view text);

/// RFC 4648, section 5, without padding.
[[nodiscard]] std::string to_base64url(ByteView bytes);
/// Strict: no padding, no white space, no stray bits, so that each value has one text.
[[nodiscard]] std::optional<Bytes> from_base64url(std::string_view text);

/// True for 64 lower-case hex digits: how SHA-256 names a file.
[[nodiscard]] bool is_sha256_hex(std::string_view text) noexcept;

/// Overwrites, so that the compiler cannot leave it out (OPENSSL_cleanse).
void wipe(std::string& secret) noexcept;
void wipe(Bytes& secret) noexcept;

} // namespace two_path
