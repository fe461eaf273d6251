/// What a Mender server's bearer token (a JWT, RFC 7519) says of itself, and whether the server's key signed
/// it.
#pragma once

#include "plugin/host/key.hpp"
#include "protocol/error.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace two_path::host::mender {

enum class TokenKind : std::uint8_t { device, user };

/// Unproved before somebody has looked at the signature.
struct BearerClaims {
    std::string algorithm;               ///< of the signature, as the header names it
    std::string subject;                 ///< the device's or the user's id
    std::optional<std::int64_t> expires; ///< UNIX seconds; personal access tokens may have none
    /// UNIX seconds; servers that leave it unset write the year 1, a negative number.
    std::optional<std::int64_t> not_before;
};

/// Reads a token without proof. unauthorized: it is none, or not of this kind (`mender.device`,
/// `mender.user`).
[[nodiscard]] Result<BearerClaims> read_bearer(std::string_view token, TokenKind kind);

/// The device's id, when `key` signed the token (RS256 or EdDSA) and it holds at `now`, UNIX seconds; else
/// unauthorized. Sees no revocation.
[[nodiscard]] Result<std::string> device_signed_by(const Key& key, std::string_view token, std::int64_t now);

} // namespace two_path::host::mender
