/// Keys made for one test, in the PEM forms that people have.
#pragma once

#include "tests/support/temporary_folder.hpp"

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>

namespace two_path::tests {

using Key = std::shared_ptr<EVP_PKEY>;

inline Key rsa_key(unsigned bits) {
    return {EVP_RSA_gen(bits), &EVP_PKEY_free};
}
inline Key ec_key(const char* curve) {
    return {EVP_EC_gen(curve), &EVP_PKEY_free};
}
inline Key ed25519_key() {
    return {EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"), &EVP_PKEY_free};
}

enum class Form { pkcs1_or_sec1, pkcs8, pkcs8_locked, pkcs1_or_sec1_locked, public_key };

/// Locked ones open with `open sesame`.
inline std::filesystem::path write_key(const Key& key, const std::filesystem::path& file, Form form) {
    const std::unique_ptr<BIO, void (*)(BIO*)> out(BIO_new_file(file.c_str(), "w"), &BIO_free_all);
    if (!out || !key) throw std::runtime_error("no key");
    std::string word = "open sesame";
    auto* bytes = reinterpret_cast<unsigned char*>(word.data());
    const auto size = static_cast<int>(word.size());
    int done = 0;
    switch (form) {
    case Form::pkcs1_or_sec1:
        done =
            PEM_write_bio_PrivateKey_traditional(out.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
        break;
    case Form::pkcs1_or_sec1_locked:
        done = PEM_write_bio_PrivateKey_traditional(out.get(), key.get(), EVP_aes_128_cbc(), bytes, size,
                                                    nullptr, nullptr);
        break;
    case Form::pkcs8:
        done = PEM_write_bio_PKCS8PrivateKey(out.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
        break;
    case Form::pkcs8_locked:
        done = PEM_write_bio_PKCS8PrivateKey(out.get(), key.get(), EVP_aes_128_cbc(), word.data(), size,
                                             nullptr, nullptr);
        break;
    case Form::public_key:
        done = PEM_write_bio_PUBKEY(out.get(), key.get());
        break;
    }
    if (done != 1) throw std::runtime_error("the key cannot be written");
    return file;
}

} // namespace two_path::tests
