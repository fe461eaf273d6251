#include "plugin/host/key.hpp"

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <stdexcept>

namespace two_path::host {
namespace {

struct FreeBio {
    void operator()(BIO* bio) const noexcept { BIO_free_all(bio); }
};
using Bio = std::unique_ptr<BIO, FreeBio>;

struct FreeDigest {
    void operator()(EVP_MD_CTX* context) const noexcept { EVP_MD_CTX_free(context); }
};
using DigestContext = std::unique_ptr<EVP_MD_CTX, FreeDigest>;

/// What PEM_read_bio allocates for one block.
struct PemBlock {
    char* label{nullptr};
    char* header{nullptr};
    unsigned char* data{nullptr};
    long size{0};

    PemBlock() = default;
    PemBlock(const PemBlock&) = delete;
    PemBlock& operator=(const PemBlock&) = delete;
    ~PemBlock() {
        OPENSSL_free(label);
        OPENSSL_free(header);
        OPENSSL_free(data);
    }
};

[[noreturn]] void cannot(const char* what) {
    ERR_clear_error();
    throw std::runtime_error(std::string("OpenSSL cannot ") + what);
}

Bio read_from(std::string_view text) {
    Bio bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
    if (!bio) throw std::bad_alloc();
    return bio;
}

std::string written_to(const Bio& bio) {
    char* data = nullptr;
    const long size = BIO_get_mem_data(bio.get(), &data);
    return {data, static_cast<std::size_t>(size)};
}

/// An exponent as long as the modulus would make each check of a signature a hundred times as dear.
bool has_small_exponent(const EVP_PKEY* key) {
    BIGNUM* exponent = nullptr;
    const bool known = EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &exponent) == 1;
    const bool small = known && BN_num_bits(exponent) <= 64;
    BN_free(exponent);
    return small;
}

bool served(EVP_PKEY* key) {
    switch (EVP_PKEY_get_base_id(key)) {
    case EVP_PKEY_RSA:
        return EVP_PKEY_get_bits(key) >= 2048 && EVP_PKEY_get_bits(key) <= 8192 && has_small_exponent(key);
    case EVP_PKEY_EC:
    case EVP_PKEY_ED25519:
        return true;
    default:
        return false;
    }
}

const EVP_MD* digest_for(EVP_PKEY* key) {
    return EVP_PKEY_get_base_id(key) == EVP_PKEY_ED25519 ? nullptr : EVP_sha256();
}

} // namespace

void Key::Free::operator()(evp_pkey_st* key) const noexcept {
    EVP_PKEY_free(key);
}

Key Key::make_ed25519() {
    auto* key = EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519");
    if (key == nullptr) cannot("make an Ed25519 key");
    return Key(key);
}

Result<Key> Key::parse_private(std::string_view pem) {
    const auto bio = read_from(pem);
    Key key(PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr));
    ERR_clear_error();
    if (!key.key_ || EVP_PKEY_get_base_id(key.key_.get()) != EVP_PKEY_ED25519)
        return fail(Errc::bad_configuration, "not an Ed25519 private key in PEM");
    return key;
}

Result<Key> Key::parse_public(std::string_view pem) {
    const auto bio = read_from(pem);
    PemBlock block;
    if (PEM_read_bio(bio.get(), &block.label, &block.header, &block.data, &block.size) != 1) {
        ERR_clear_error();
        return fail(Errc::bad_request, "`pubkey` is no PEM");
    }
    if (std::string_view(block.label) != "PUBLIC KEY")
        return fail(Errc::bad_request, "`pubkey` must be a PEM of type PUBLIC KEY");
    const unsigned char* data = block.data;
    Key key(d2i_PUBKEY(nullptr, &data, block.size));
    ERR_clear_error();
    if (!key.key_) return fail(Errc::bad_request, "`pubkey` holds no public key");
    if (!served(key.key_.get()))
        return fail(Errc::bad_request,
                    "`pubkey` must be RSA of 2048 to 8192 bits with a small exponent, ECDSA or Ed25519");
    return key;
}

std::string Key::private_pem() const {
    const Bio bio(BIO_new(BIO_s_secmem()));
    if (!bio ||
        PEM_write_bio_PKCS8PrivateKey(bio.get(), key_.get(), nullptr, nullptr, 0, nullptr, nullptr) != 1)
        cannot("write a private key");
    return written_to(bio);
}

std::string Key::public_pem() const {
    const Bio bio(BIO_new(BIO_s_mem()));
    if (!bio || PEM_write_bio_PUBKEY(bio.get(), key_.get()) != 1) cannot("write a public key");
    return written_to(bio);
}

Bytes Key::sign(ByteView message) const {
    const DigestContext context(EVP_MD_CTX_new());
    Bytes signature(64);
    std::size_t size = signature.size();
    if (!context ||
        EVP_DigestSignInit(context.get(), nullptr, digest_for(key_.get()), nullptr, key_.get()) != 1 ||
        EVP_DigestSign(context.get(), signature.data(), &size, message.data(), message.size()) != 1)
        cannot("sign");
    signature.resize(size);
    return signature;
}

bool Key::verifies(ByteView message, ByteView signature) const {
    const DigestContext context(EVP_MD_CTX_new());
    if (!context) throw std::bad_alloc();
    const bool holds =
        EVP_DigestVerifyInit(context.get(), nullptr, digest_for(key_.get()), nullptr, key_.get()) == 1 &&
        EVP_DigestVerify(context.get(), signature.data(), signature.size(), message.data(), message.size()) ==
            1;
    ERR_clear_error();
    return holds;
}

std::string_view Key::jwt_algorithm() const {
    switch (EVP_PKEY_get_base_id(key_.get())) {
    case EVP_PKEY_RSA:
        return "RS256";
    case EVP_PKEY_ED25519:
        return "EdDSA";
    default:
        return {};
    }
}

} // namespace two_path::host
