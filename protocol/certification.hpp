/// The first and the second certification information: made, proved, compared, forgotten.
#pragma once

#include "protocol/encoding.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace two_path {

/// Who opens the second path's connections (docs/protocol.md, "Second path").
enum class Mode : std::uint8_t { pull, push };
/// Who makes the first certification information.
enum class Issuer : std::uint8_t { plugin, device };
/// Whose knowledge of the first certification information a proof shows.
enum class Party : std::uint8_t { plugin, device };

[[nodiscard]] std::string_view name_of(Mode mode) noexcept;
[[nodiscard]] std::string_view name_of(Issuer issuer) noexcept;
[[nodiscard]] std::string_view name_of(Party party) noexcept;
[[nodiscard]] std::optional<Mode> mode_from_name(std::string_view name) noexcept;
[[nodiscard]] std::optional<Issuer> issuer_from_name(std::string_view name) noexcept;

/// 16 random bytes as exactly 22 base64url characters: a session's id, or a nonce.
/// Throws std::runtime_error when the machine has no randomness.
[[nodiscard]] std::string make_nonce();
/// True for what make_nonce() can have made; nothing else names a session or enters a proof.
[[nodiscard]] bool is_nonce(std::string_view text) noexcept;

/// What both sides of a certification agree on beside the secret.
struct ProofInput {
    Mode mode{Mode::pull};
    std::string_view session;
    std::string_view client_nonce;
    std::string_view server_nonce;
};

/// One login on the second path: what its two proofs are made over, while they are made and compared.
struct Login {
    Mode mode{Mode::pull};
    std::string session;
    std::string client_nonce;
    std::string server_nonce;

    /// Refers to this login.
    [[nodiscard]] ProofInput input() const noexcept { return {mode, session, client_nonce, server_nonce}; }
};

/// The first certification information: 32 random bytes that only the first path carries. Wiped when
/// destroyed.
class Certification {
  public:
    static constexpr std::size_t size = 32;

    /// By the issuer. Throws std::runtime_error when the machine has no randomness.
    [[nodiscard]] static Certification make();
    /// As carried by the first path or stored: base64url of 32 bytes; none for anything else.
    [[nodiscard]] static std::optional<Certification> parse(std::string_view text);

    Certification(const Certification&) = default;
    Certification& operator=(const Certification&) = default;
    ~Certification();

    /// For the first path and for storage only, never for a log.
    [[nodiscard]] std::string text() const;

    /// The second certification information: base64url(HMAC-SHA256(T, input)), docs/protocol.md "Second
    /// path".
    [[nodiscard]] std::string proof(Party party, const ProofInput& input) const;
    /// Compares the second certification information with the first, in constant time (claim C3).
    [[nodiscard]] bool proves(std::string_view proof, Party party, const ProofInput& input) const;
    /// Compares the whole text, in constant time: for `plain` logins.
    [[nodiscard]] bool is(std::string_view text) const;

  private:
    Certification() = default;
    std::array<std::uint8_t, size> secret_{};
};

} // namespace two_path
