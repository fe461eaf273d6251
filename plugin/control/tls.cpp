#include "plugin/control/tls.hpp"

#include "plugin/durable_file.hpp"
#include "protocol/encoding.hpp"

#include <boost/asio/ip/address.hpp>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <ctime>

#include <climits>
#include <unistd.h>

namespace two_path::control {
namespace {

template<auto function>
struct Free {
    template<class T>
    void operator()(T* object) const noexcept {
        function(object);
    }
};
using Certificate = std::unique_ptr<X509, Free<X509_free>>;
using Key = std::unique_ptr<EVP_PKEY, Free<EVP_PKEY_free>>;
using Bio = std::unique_ptr<BIO, Free<BIO_free_all>>;
using Extension = std::unique_ptr<X509_EXTENSION, Free<X509_EXTENSION_free>>;
using Names = std::unique_ptr<GENERAL_NAMES, Free<GENERAL_NAMES_free>>;

/// OpenSSL's newest error, and an empty queue.
std::string openssl_error() {
    const auto code = ERR_peek_last_error();
    ERR_clear_error();
    if (code == 0) return "unknown error";
    const char* reason = ERR_reason_error_string(code);
    return reason == nullptr ? "error " + std::to_string(code) : reason;
}

Error cannot_use(const std::filesystem::path& file, std::string_view what, const std::string& why) {
    std::string text = file.string();
    text.append(": ").append(what).append(": ").append(why);
    return fail(Errc::bad_configuration, std::move(text));
}

std::optional<boost::asio::ip::address> address_of(const std::string& name) {
    boost::system::error_code ec;
    const auto address = boost::asio::ip::make_address(name, ec);
    if (ec) return std::nullopt;
    return address;
}

Bytes raw(const boost::asio::ip::address& address) {
    const auto copy = [](const auto& bytes) { return Bytes(bytes.begin(), bytes.end()); };
    return address.is_v4() ? copy(address.to_v4().to_bytes()) : copy(address.to_v6().to_bytes());
}

bool add_name(GENERAL_NAMES* names, const std::string& name) {
    std::unique_ptr<GENERAL_NAME, Free<GENERAL_NAME_free>> entry(GENERAL_NAME_new());
    std::unique_ptr<ASN1_STRING, Free<ASN1_STRING_free>> value;
    int type = GEN_DNS;
    if (const auto address = address_of(name)) {
        const auto bytes = raw(*address);
        type = GEN_IPADD;
        value.reset(ASN1_OCTET_STRING_new());
        if (!value || ASN1_STRING_set(value.get(), bytes.data(), static_cast<int>(bytes.size())) != 1)
            return false;
    } else {
        value.reset(ASN1_IA5STRING_new());
        if (!value || ASN1_STRING_set(value.get(), name.data(), static_cast<int>(name.size())) != 1)
            return false;
    }
    if (!entry) return false;
    GENERAL_NAME_set0_value(entry.get(), type, value.release());
    if (sk_GENERAL_NAME_push(names, entry.get()) == 0) return false;
    static_cast<void>(entry.release()); // the list's now
    return true;
}

bool add_extension(X509* certificate, int kind, const char* value) {
    X509V3_CTX context;
    X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
    const Extension extension(X509V3_EXT_conf_nid(nullptr, &context, kind, value));
    return extension && X509_add_ext(certificate, extension.get(), -1) == 1;
}

bool set_serial(X509* certificate) {
    std::array<unsigned char, 16> bytes{};
    if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1) return false;
    bytes[0] &= 0x7F; // RFC 5280, section 4.1.2.2: positive
    bytes[0] |= 0x40;
    const std::unique_ptr<BIGNUM, Free<BN_free>> number(
        BN_bin2bn(bytes.data(), static_cast<int>(bytes.size()), nullptr));
    return number && BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) != nullptr;
}

/// Begins a day early, for clocks that are a little behind.
bool set_lifetime(X509* certificate) {
    constexpr long day = 86'400;
    const long end =
        std::chrono::duration_cast<std::chrono::seconds>(made_certificate_lifetime).count() - day;
    return X509_gmtime_adj(X509_getm_notBefore(certificate), -day) != nullptr &&
           X509_gmtime_adj(X509_getm_notAfter(certificate), end) != nullptr;
}

Certificate self_signed(EVP_PKEY* key, const std::vector<std::string>& names) {
    Certificate certificate(X509_new());
    const Names alternatives(GENERAL_NAMES_new());
    if (!certificate || !alternatives) return nullptr;
    for (const auto& name : names)
        if (!add_name(alternatives.get(), name)) return nullptr;

    // RFC 5280, appendix A: a common name has at most 64 characters.
    const std::string common = names.front().substr(0, 64);
    X509_NAME* subject = X509_get_subject_name(certificate.get());
    const bool made =
        X509_set_version(certificate.get(), X509_VERSION_3) == 1 && set_serial(certificate.get()) &&
        set_lifetime(certificate.get()) &&
        X509_NAME_add_entry_by_txt(subject, "O", MBSTRING_UTF8,
                                   reinterpret_cast<const unsigned char*>("two-path"), -1, -1, 0) == 1 &&
        X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8,
                                   reinterpret_cast<const unsigned char*>(common.data()),
                                   static_cast<int>(common.size()), -1, 0) == 1 &&
        X509_set_issuer_name(certificate.get(), subject) == 1 &&
        X509_set_pubkey(certificate.get(), key) == 1 &&
        add_extension(certificate.get(), NID_basic_constraints, "critical,CA:FALSE") &&
        add_extension(certificate.get(), NID_key_usage, "critical,digitalSignature") &&
        add_extension(certificate.get(), NID_ext_key_usage, "serverAuth") &&
        add_extension(certificate.get(), NID_subject_key_identifier, "hash") &&
        X509_add1_ext_i2d(certificate.get(), NID_subject_alt_name, alternatives.get(), 0,
                          X509V3_ADD_APPEND) == 1 &&
        X509_sign(certificate.get(), key, EVP_sha256()) != 0;
    return made ? std::move(certificate) : nullptr;
}

std::string content_of(BIO* bio) {
    char* data = nullptr;
    const long size = BIO_get_mem_data(bio, &data);
    return {data, static_cast<std::size_t>(size)};
}

bool covers(X509* certificate, const std::string& name) {
    if (const auto address = address_of(name)) {
        const auto bytes = raw(*address);
        return X509_check_ip(certificate, bytes.data(), bytes.size(), 0) == 1;
    }
    return X509_check_host(certificate, name.data(), name.size(), 0, nullptr) == 1;
}

bool insist_on_tls12(SSL_CTX* context) {
    SSL_CTX_set_options(context, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                  SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    return SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) == 1 &&
           SSL_CTX_set_cipher_list(context, "ECDHE+AESGCM:ECDHE+CHACHA20") == 1;
}

} // namespace

void FreeTlsContext::operator()(ssl_ctx_st* context) const noexcept {
    SSL_CTX_free(context);
}

std::vector<std::string> own_names() {
    std::vector<std::string> names;
    std::array<char, HOST_NAME_MAX + 1> host{};
    if (::gethostname(host.data(), host.size() - 1) == 0 && host[0] != '\0') names.emplace_back(host.data());
    for (const char* local : {"localhost", "127.0.0.1", "::1"})
        if (std::find(names.begin(), names.end(), local) == names.end()) names.emplace_back(local);
    return names;
}

Result<void> make_certificate(const CertificateFiles& files, const std::vector<std::string>& names) {
    const Key key(EVP_EC_gen("P-256"));
    const auto certificate = key ? self_signed(key.get(), names) : nullptr;
    const Bio key_text(BIO_new(BIO_s_secmem()));
    const Bio certificate_text(BIO_new(BIO_s_mem()));
    if (!certificate || !key_text || !certificate_text ||
        PEM_write_bio_PKCS8PrivateKey(key_text.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) !=
            1 ||
        PEM_write_bio_X509(certificate_text.get(), certificate.get()) != 1)
        return fail(Errc::internal, "a self-signed certificate cannot be made: " + openssl_error());

    // The key goes first: a certificate without its key would stop every later start.
    auto secret = content_of(key_text.get());
    const auto key_written = write_durably(files.key, secret, 0600);
    wipe(secret);
    if (!key_written) return key_written.error();
    return write_durably(files.certificate, content_of(certificate_text.get()), 0644);
}

Result<CertificateFacts> inspect_certificate(const std::filesystem::path& certificate,
                                             const std::vector<std::string>& names) {
    const Bio file(BIO_new_file(certificate.c_str(), "r"));
    const Certificate read(file ? PEM_read_bio_X509(file.get(), nullptr, nullptr, nullptr) : nullptr);
    if (!read) return cannot_use(certificate, "no certificate in PEM can be read", openssl_error());

    CertificateFacts facts;
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned size = 0;
    std::tm end{};
    if (X509_digest(read.get(), EVP_sha256(), digest.data(), &size) != 1 ||
        ASN1_TIME_to_tm(X509_get0_notAfter(read.get()), &end) != 1)
        return cannot_use(certificate, "the certificate cannot be used", openssl_error());
    facts.fingerprint = to_hex(ByteView(digest.data(), size));
    facts.not_after = std::chrono::system_clock::from_time_t(::timegm(&end));
    std::copy_if(names.begin(), names.end(), std::back_inserter(facts.uncovered),
                 [&](const std::string& name) { return !covers(read.get(), name); });
    return facts;
}

Result<TlsContext> server_tls(const CertificateFiles& files) {
    TlsContext context(SSL_CTX_new(TLS_server_method()));
    if (!context || !insist_on_tls12(context.get()))
        return fail(Errc::internal, "TLS cannot be set up: " + openssl_error());
    SSL_CTX_set_options(context.get(), SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA |
                                           SSL_OP_CLEANSE_PLAINTEXT);
    static constexpr std::string_view session_context = "two-path";
    SSL_CTX_set_session_id_context(context.get(),
                                   reinterpret_cast<const unsigned char*>(session_context.data()),
                                   static_cast<unsigned>(session_context.size()));
    // Tickets resume sessions; keeping them in memory as well would only cost memory.
    SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
    if (SSL_CTX_use_certificate_chain_file(context.get(), files.certificate.c_str()) != 1)
        return cannot_use(files.certificate, "no certificate in PEM can be read", openssl_error());
    if (SSL_CTX_use_PrivateKey_file(context.get(), files.key.c_str(), SSL_FILETYPE_PEM) != 1)
        return cannot_use(files.key, "no key in PEM that fits the certificate can be read", openssl_error());
    return context;
}

Result<TlsContext> client_tls(const std::filesystem::path& ca_file) {
    TlsContext context(SSL_CTX_new(TLS_client_method()));
    if (!context || !insist_on_tls12(context.get()))
        return fail(Errc::internal, "TLS cannot be set up: " + openssl_error());
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
    if (ca_file.empty()) {
        if (SSL_CTX_set_default_verify_paths(context.get()) != 1)
            return fail(Errc::bad_configuration, "the system's certificate authorities cannot be read");
    } else if (SSL_CTX_load_verify_file(context.get(), ca_file.c_str()) != 1) {
        return cannot_use(ca_file, "no certificate in PEM can be read", openssl_error());
    }
    return context;
}

} // namespace two_path::control
