/// Bearer tokens: JWTs (RFC 7519) signed with the host's Ed25519 key (EdDSA, RFC 8037), claims as Mender's.
#pragma once

#include "plugin/host/embedded/recent_digests.hpp"
#include "plugin/host/key.hpp"
#include "protocol/json.hpp"

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace two_path::host::embedded {

/// What a token stands for. Each kind has its own issuer and claim, so that neither passes for the other.
enum class TokenKind : std::uint8_t { device, user };

struct Claims {
    TokenKind kind{TokenKind::device};
    std::string id;          ///< `jti`, by which it is revoked
    std::string subject;     ///< `sub`: the device's or the user's id
    std::int64_t issued{0};  ///< `iat`, UNIX seconds
    std::int64_t expires{0}; ///< `exp`, UNIX seconds
};

/// One thread at a time.
class Tokens {
  public:
    /// Reads `file`, or makes the key there (mode 0600). bad_configuration with the path and the reason.
    [[nodiscard]] static Result<Tokens> open(const std::filesystem::path& file);

    [[nodiscard]] std::string issue(const Claims& claims) const;
    /// What a token says, when its signature holds, it is of this kind and `now` (UNIX seconds) is before its
    /// end; else unauthorized. Whether its id is still good is the caller's question.
    [[nodiscard]] Result<Claims> verify(std::string_view token, TokenKind kind, std::int64_t now) const;

  private:
    explicit Tokens(Key key)
      : key_(std::move(key)) {}
    [[nodiscard]] bool is_signed(std::string_view token, std::string_view content,
                                 std::string_view signature) const;

    /// Tokens whose signature was found to hold lately: a device shows the same one in each of its requests.
    static constexpr std::size_t remembered = 2048;
    Key key_;
    mutable RecentDigests signed_{remembered};
};

} // namespace two_path::host::embedded
