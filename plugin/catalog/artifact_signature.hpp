/// The signature over an artifact's manifest: RSA PKCS#1 v1.5 or ECDSA P-256, both with SHA-256.
#pragma once

#include "plugin/catalog/artifact.hpp"

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

struct evp_pkey_st;

namespace two_path::catalog {

/// Asks for a key's passphrase; none when there is no one to ask. Wiped by the caller after use.
using AskPassphrase = std::function<Result<std::string>(const std::filesystem::path& key_file)>;

/// An RSA key of at least 2048 bits, or one on NIST's P-256. Copies share it.
class SignatureKey {
  public:
    /// A PEM file: PKCS#1, PKCS#8 or SEC1, perhaps with a passphrase, which only then is asked for.
    /// bad_configuration names the file and what is wrong with it.
    [[nodiscard]] static Result<SignatureKey> read_private(const std::filesystem::path& file,
                                                           const AskPassphrase& ask);
    /// A PEM file with a public key (SubjectPublicKeyInfo), as clients have in ArtifactVerifyKey.
    [[nodiscard]] static Result<SignatureKey> read_public(const std::filesystem::path& file);

    /// Base64, as `manifest.sig` holds it; needs a private key. ECDSA's is r and s, 32 bytes each, as
    /// mender-artifact writes.
    [[nodiscard]] Result<std::string> sign(std::string_view manifest) const;
    /// bad_signature: the signature is not this key's over these bytes. An ECDSA signature may also be DER.
    [[nodiscard]] Result<void> verify(std::string_view manifest, std::string_view signature) const;
    /// The same for what a reader found; an artifact that is not signed is refused as well.
    [[nodiscard]] Result<void> verify(const Artifact& artifact) const;

  private:
    explicit SignatureKey(std::shared_ptr<evp_pkey_st> key)
      : key_(std::move(key)) {}
    static Result<SignatureKey> checked(std::shared_ptr<evp_pkey_st> key, const std::filesystem::path& file);
    [[nodiscard]] bool is_ec() const;

    std::shared_ptr<evp_pkey_st> key_;
};

} // namespace two_path::catalog
