/// Asymmetric keys: the devices' public ones, the embedded host's own that signs bearer tokens, and the one
/// that a Mender server signs them with.
#pragma once

#include "protocol/encoding.hpp"
#include "protocol/error.hpp"

#include <memory>
#include <string>
#include <string_view>

struct evp_pkey_st;

namespace two_path::host {

/// RSA of 2048 to 8192 bits with an exponent of at most 64, ECDSA or Ed25519; with or without its private
/// half.
class Key {
  public:
    /// A new Ed25519 key with its private half. Throws std::runtime_error when OpenSSL cannot.
    [[nodiscard]] static Key make_ed25519();
    /// From PKCS#8 PEM (`PRIVATE KEY`); bad_configuration for anything but Ed25519.
    [[nodiscard]] static Result<Key> parse_private(std::string_view pem);
    /// From SubjectPublicKeyInfo PEM; bad_request unless its label is `PUBLIC KEY` and its kind is served.
    [[nodiscard]] static Result<Key> parse_public(std::string_view pem);

    /// PKCS#8 PEM, unencrypted: a secret.
    [[nodiscard]] std::string private_pem() const;
    /// As OpenSSL writes it, so that one key has one text.
    [[nodiscard]] std::string public_pem() const;

    /// Ed25519 (RFC 8032) over `message`; only with a private half.
    [[nodiscard]] Bytes sign(ByteView message) const;
    /// As Mender's devices sign: RSA PKCS#1 v1.5 with SHA-256, ECDSA (DER) with SHA-256, or Ed25519 over the
    /// message itself.
    [[nodiscard]] bool verifies(ByteView message, ByteView signature) const;
    /// What a JWT signed with it calls itself (RFC 7518, RFC 8037): RS256, EdDSA. Empty for ECDSA, whose JWT
    /// signatures are written in another way than those of devices.
    [[nodiscard]] std::string_view jwt_algorithm() const;

  private:
    struct Free {
        void operator()(evp_pkey_st* key) const noexcept;
    };
    explicit Key(evp_pkey_st* key)
      : key_(key) {}
    std::unique_ptr<evp_pkey_st, Free> key_;
};

} // namespace two_path::host
