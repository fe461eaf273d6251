#include "plugin/catalog/artifact_signature.hpp"

#include "protocol/encoding.hpp"

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <new>
#include <optional>

namespace two_path::catalog {
namespace {

constexpr int coordinate = 32; // bytes of r and of s on P-256

template<auto Function>
struct Free {
    template<class T>
    void operator()(T* object) const noexcept {
        Function(object);
    }
};
using Bio = std::unique_ptr<BIO, Free<BIO_free_all>>;
using Context = std::unique_ptr<EVP_MD_CTX, Free<EVP_MD_CTX_free>>;
using EcSignature = std::unique_ptr<ECDSA_SIG, Free<ECDSA_SIG_free>>;

/// What the PEM reader's callback needs, and what it saw.
struct Question {
    const std::filesystem::path& file;
    const AskPassphrase& ask;
    std::optional<Error> error;
    bool asked{false};
};

int answer(char* buffer, int size, int, void* data) {
    auto& question = *static_cast<Question*>(data);
    question.asked = true;
    try {
        auto passphrase = question.ask(question.file);
        if (!passphrase) {
            question.error = passphrase.error();
            return -1;
        }
        const auto length = passphrase->size();
        if (length > static_cast<std::size_t>(size)) {
            question.error =
                fail(Errc::bad_configuration, question.file.string() + ": too long a passphrase");
            wipe(*passphrase);
            return -1;
        }
        std::memcpy(buffer, passphrase->data(), length);
        wipe(*passphrase);
        return static_cast<int>(length);
    } catch (...) {
        return -1;
    }
}

Result<Bio> open_pem(const std::filesystem::path& file) {
    Bio bio(BIO_new_file(file.c_str(), "r"));
    ERR_clear_error();
    if (!bio) return fail(Errc::bad_configuration, file.string() + ": cannot be opened");
    return bio;
}

/// r and s, 32 bytes each, out of the DER that OpenSSL makes.
Result<Bytes> raw_of_der(const Bytes& der) {
    const unsigned char* at = der.data();
    const EcSignature parts(d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size())));
    Bytes raw(2 * coordinate);
    if (!parts || BN_bn2binpad(ECDSA_SIG_get0_r(parts.get()), raw.data(), coordinate) != coordinate ||
        BN_bn2binpad(ECDSA_SIG_get0_s(parts.get()), raw.data() + coordinate, coordinate) != coordinate)
        return fail(Errc::internal, "OpenSSL made an ECDSA signature that is none");
    return raw;
}

Bytes der_of_raw(const Bytes& raw) {
    const EcSignature parts(ECDSA_SIG_new());
    if (!parts) throw std::bad_alloc();
    BIGNUM* r = BN_bin2bn(raw.data(), coordinate, nullptr);
    BIGNUM* s = BN_bin2bn(raw.data() + coordinate, coordinate, nullptr);
    if (r == nullptr || s == nullptr || ECDSA_SIG_set0(parts.get(), r, s) != 1) {
        BN_free(r);
        BN_free(s);
        throw std::bad_alloc();
    }
    Bytes der(static_cast<std::size_t>(std::max(0, i2d_ECDSA_SIG(parts.get(), nullptr))));
    unsigned char* at = der.data();
    i2d_ECDSA_SIG(parts.get(), &at);
    return der;
}

} // namespace

Result<SignatureKey> SignatureKey::checked(std::shared_ptr<EVP_PKEY> key, const std::filesystem::path& file) {
    if (EVP_PKEY_is_a(key.get(), "RSA") == 1) {
        if (EVP_PKEY_get_bits(key.get()) < 2048)
            return fail(Errc::bad_configuration, file.string() + ": an RSA key of less than 2048 bits");
        return SignatureKey(std::move(key));
    }
    std::array<char, 64> group{};
    std::size_t length = 0;
    if (EVP_PKEY_is_a(key.get(), "EC") == 1 &&
        EVP_PKEY_get_group_name(key.get(), group.data(), group.size(), &length) == 1 &&
        std::string_view(group.data(), length) == SN_X9_62_prime256v1)
        return SignatureKey(std::move(key));
    return fail(Errc::bad_configuration,
                file.string() + ": Mender clients know RSA and ECDSA P-256 signatures only");
}

Result<SignatureKey> SignatureKey::read_private(const std::filesystem::path& file, const AskPassphrase& ask) {
    const auto pem = open_pem(file);
    if (!pem) return pem.error();
    Question question{file, ask, {}};
    std::shared_ptr<EVP_PKEY> key(PEM_read_bio_PrivateKey(pem->get(), nullptr, &answer, &question),
                                  &EVP_PKEY_free);
    ERR_clear_error();
    if (key) return checked(std::move(key), file);
    if (question.error) return *question.error;
    return fail(Errc::bad_configuration,
                file.string() + (question.asked ? ": the passphrase is wrong, or the key is damaged"
                                                : ": no private key in PEM (PKCS#1, PKCS#8 or SEC1)"));
}

Result<SignatureKey> SignatureKey::read_public(const std::filesystem::path& file) {
    const auto pem = open_pem(file);
    if (!pem) return pem.error();
    std::shared_ptr<EVP_PKEY> key(PEM_read_bio_PUBKEY(pem->get(), nullptr, nullptr, nullptr), &EVP_PKEY_free);
    ERR_clear_error();
    if (!key)
        return fail(Errc::bad_configuration, file.string() + ": no public key in PEM (`BEGIN PUBLIC KEY`)");
    return checked(std::move(key), file);
}

bool SignatureKey::is_ec() const {
    return EVP_PKEY_is_a(key_.get(), "EC") == 1;
}

Result<std::string> SignatureKey::sign(std::string_view manifest) const {
    const Context context(EVP_MD_CTX_new());
    if (!context) throw std::bad_alloc();
    const auto bytes = bytes_of(manifest);
    std::size_t length = 0;
    Bytes signature;
    if (EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key_.get()) == 1 &&
        EVP_DigestSign(context.get(), nullptr, &length, bytes.data(), bytes.size()) == 1) {
        signature.resize(length);
        if (EVP_DigestSign(context.get(), signature.data(), &length, bytes.data(), bytes.size()) != 1)
            length = 0;
        signature.resize(length);
    }
    ERR_clear_error();
    if (signature.empty()) return fail(Errc::internal, "OpenSSL cannot sign with this key");
    if (!is_ec()) return to_base64(signature);
    const auto raw = raw_of_der(signature);
    if (!raw) return raw.error();
    return to_base64(*raw);
}

Result<void> SignatureKey::verify(std::string_view manifest, std::string_view signature) const {
    auto bytes = from_base64(signature);
    if (!bytes || bytes->empty()) return fail(Errc::bad_signature, "manifest.sig: not base64");
    if (is_ec() && bytes->size() == 2 * coordinate) bytes = der_of_raw(*bytes);
    const Context context(EVP_MD_CTX_new());
    if (!context) throw std::bad_alloc();
    const auto text = bytes_of(manifest);
    const bool good =
        EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key_.get()) == 1 &&
        EVP_DigestVerify(context.get(), bytes->data(), bytes->size(), text.data(), text.size()) == 1;
    ERR_clear_error();
    if (!good)
        return fail(Errc::bad_signature, "manifest.sig: not a signature of this key over this manifest");
    return {};
}

Result<void> SignatureKey::verify(const Artifact& artifact) const {
    if (!artifact.is_signed) return fail(Errc::bad_signature, "the artifact is not signed");
    return verify(artifact.manifest, artifact.signature);
}

} // namespace two_path::catalog
