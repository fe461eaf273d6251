/// A device's private key, as a Mender client has it.
#pragma once

#include "protocol/encoding.hpp"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <memory>
#include <stdexcept>
#include <string>

namespace two_path::tests {

class TestKey {
  public:
    static TestKey rsa(std::size_t bits = 2048) {
        return TestKey(EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", bits));
    }
    static TestKey ecdsa() { return TestKey(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256")); }
    static TestKey ed25519() { return TestKey(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519")); }

    [[nodiscard]] std::string public_pem() const {
        const std::unique_ptr<BIO, int (*)(BIO*)> bio(BIO_new(BIO_s_mem()), BIO_free);
        PEM_write_bio_PUBKEY(bio.get(), key_.get());
        char* data = nullptr;
        const long size = BIO_get_mem_data(bio.get(), &data);
        return {data, static_cast<std::size_t>(size)};
    }

    /// Base64, as X-MEN-Signature has it.
    [[nodiscard]] std::string sign(std::string_view message) const {
        const bool ed25519 = EVP_PKEY_get_base_id(key_.get()) == EVP_PKEY_ED25519;
        const std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
        Bytes signature(1024);
        std::size_t size = signature.size();
        const auto bytes = bytes_of(message);
        if (EVP_DigestSignInit(context.get(), nullptr, ed25519 ? nullptr : EVP_sha256(), nullptr,
                               key_.get()) != 1 ||
            EVP_DigestSign(context.get(), signature.data(), &size, bytes.data(), bytes.size()) != 1)
            throw std::runtime_error("cannot sign");
        signature.resize(size);
        return to_base64(signature);
    }

  private:
    explicit TestKey(EVP_PKEY* key)
      : key_(key, EVP_PKEY_free) {
        if (!key_) throw std::runtime_error("cannot make a key");
    }
    std::shared_ptr<EVP_PKEY> key_;
};

} // namespace two_path::tests
