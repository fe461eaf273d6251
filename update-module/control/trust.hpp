/// Whom the device trusts on the first path.
#pragma once

#include "protocol/error.hpp"

#include <boost/asio/ssl/context.hpp>

#include <string>

namespace two_path::control {

/// TLS 1.2 or later, with a certificate of the system's authorities or of `ca_file` (PEM; may be empty). The
/// system's are those of OpenSSL's default folder and file (SSL_CERT_DIR, SSL_CERT_FILE); the file is read
/// only for a certificate that does not hold without it. bad_configuration when that cannot be had; internal
/// when there is no memory for it.
[[nodiscard]] Result<void> trust(boost::asio::ssl::context& context, const std::string& ca_file);

} // namespace two_path::control
