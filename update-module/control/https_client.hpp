/// One HTTP exchange with the plugin, over the Mender client's forwarder or over TLS.
#pragma once

#include "protocol/error.hpp"
#include "update-module/deadline.hpp"

#include <memory>
#include <optional>
#include <string>

namespace two_path::control {

struct HttpRequest {
    std::string method;                       ///< `GET`, `PUT`, `POST`, `DELETE`
    std::string path;                         ///< below the server's URL, starts with `/`
    std::string body;                         ///< JSON, or empty
    std::string range{};                      ///< of a `Range` header; empty: none
    std::size_t most{std::size_t{64} * 1024}; ///< bytes of the answer's body
};

struct HttpReply {
    unsigned status{0};
    std::string body;
    std::string content_type;
    std::optional<std::chrono::seconds> retry_after; ///< in seconds only (RFC 9110, section 10.2.3)
};

/// Each exchange has a connection of its own: opened late, used at once, closed before 4 s are over, since
/// a forwarder of client 3.4 that re-authenticates ends the client over a connection open for 5 s.
class HttpsClient {
  public:
    /// `ca_file`: PEM certificates trusted beside the system's; may be empty.
    explicit HttpsClient(std::string ca_file = {});
    HttpsClient(HttpsClient&&) noexcept;
    HttpsClient& operator=(HttpsClient&&) noexcept;
    ~HttpsClient();

    /// `url`: `https://HOST[:PORT][/PREFIX]`, or `http://` for loopback addresses only. Fails with
    /// plugin_unreachable (no connection, no answer in time, an untrusted certificate), no_route (an answer
    /// that is none of the plugin's: too long, not HTTP) or bad_configuration (URL, CA file).
    Result<HttpReply> exchange(const std::string& url, const std::string& token, const HttpRequest& request,
                               Deadline deadline);

  private:
    struct Tls;
    Result<void> prepare_tls();

    std::string ca_file_;
    std::unique_ptr<Tls> tls_; ///< made at the first https exchange
};

} // namespace two_path::control
