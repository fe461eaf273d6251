/// A device's private key, as a Mender client has it.
#pragma once

#include "protocol/encoding.hpp"

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <memory>
#include <stdexcept>
#include <string>

namespace two_path::tests {

class TestKey {
  public:
    static TestKey rsa(std::size_t bits = 2048) {
        return TestKey(EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", bits));
    }
    /// A public exponent of 129 bits.
    static TestKey rsa_with_long_exponent() {
        const std::unique_ptr<EVP_PKEY_CTX, void (*)(EVP_PKEY_CTX*)> context(
            EVP_PKEY_CTX_new_from_name(nullptr, "RSA", nullptr), EVP_PKEY_CTX_free);
        const std::unique_ptr<BIGNUM, void (*)(BIGNUM*)> exponent(BN_new(), BN_free);
        BN_set_bit(exponent.get(), 128);
        BN_set_bit(exponent.get(), 0);
        EVP_PKEY* key = nullptr;
        EVP_PKEY_keygen_init(context.get());
        EVP_PKEY_CTX_set1_rsa_keygen_pubexp(context.get(), exponent.get());
        EVP_PKEY_generate(context.get(), &key);
        return TestKey(key);
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
