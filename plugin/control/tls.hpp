/// TLS on the first path: the server's certificate, made when there is none, and what both ends insist on.
#pragma once

#include "protocol/error.hpp"

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

struct ssl_ctx_st;

namespace two_path::control {

struct FreeTlsContext {
    void operator()(ssl_ctx_st* context) const noexcept;
};
/// An `SSL_CTX`, so that OpenSSL's headers stay out of this one.
using TlsContext = std::unique_ptr<ssl_ctx_st, FreeTlsContext>;

/// Where a certificate and its key are; both PEM.
struct CertificateFiles {
    std::filesystem::path certificate; ///< the chain, the server's own first
    std::filesystem::path key;
};

/// What a certificate says of itself.
struct CertificateFacts {
    std::string fingerprint; ///< SHA-256 over DER, hex
    std::chrono::system_clock::time_point not_after;
    std::vector<std::string> uncovered; ///< of the names asked for, those it does not name
};

/// How long a certificate made here holds. 825 days is the most that every known TLS client accepts of any
/// certificate; devices trust this one by name, so that replacing it means to reach each of them.
inline constexpr std::chrono::hours made_certificate_lifetime{825 * 24};

/// Makes a P-256 key and a self-signed certificate for `names` (addresses become address names), the key with
/// mode 0600 and first, both durably. io_error.
[[nodiscard]] Result<void> make_certificate(const CertificateFiles& files,
                                            const std::vector<std::string>& names);

/// What this machine is called: its host name, `localhost`, 127.0.0.1 and ::1.
[[nodiscard]] std::vector<std::string> own_names();

/// Reads the first certificate of a PEM file and looks whether it covers `names`. bad_configuration with the
/// path.
[[nodiscard]] Result<CertificateFacts> inspect_certificate(const std::filesystem::path& certificate,
                                                           const std::vector<std::string>& names);

/// For the server: TLS 1.2 or newer, forward secrecy and authenticated ciphers only, ChaCha20 first for
/// clients that prefer it, session tickets, no renegotiation. bad_configuration: a file cannot be read, or
/// they are no pair.
[[nodiscard]] Result<TlsContext> server_tls(const CertificateFiles& files);

/// For a client: TLS 1.2 or newer, verified against `ca_file`, or the system's authorities when it is empty.
/// bad_configuration: the file cannot be read.
[[nodiscard]] Result<TlsContext> client_tls(const std::filesystem::path& ca_file);

} // namespace two_path::control
