/// The certificate of the first path's server, for whom it does not hold as well.
#pragma once

#include "protocol/error.hpp"
#include "update-module/deadline.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace two_path::control {

struct ServerCertificate {
    std::string server;             ///< host and port
    std::vector<std::string> names; ///< its subject's alternative names, at most 16
    std::int64_t begins{0};         ///< UNIX seconds
    std::int64_t ends{0};
    bool names_server{false}; ///< it is for the host that was asked
    std::string trouble; ///< why it is not trusted, its own dates apart; empty when nothing else is wrong
};

/// Goes as far as the TLS handshake, and sends nothing behind it. `url`: `https://HOST[:PORT]`; `ca_file` as
/// HttpsClient's. Fails with plugin_unreachable or bad_configuration. Waits 5 s at most.
[[nodiscard]] Result<ServerCertificate> look_at_certificate(const std::string& url,
                                                            const std::string& ca_file, Deadline deadline);

} // namespace two_path::control
