/// The head of an HTTP message as text: what a request's target means, how an answer begins.
#pragma once

#include "plugin/control/http.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace two_path::control {

/// Sets path and query of `request` from a request target in origin or absolute form (RFC 9112, section 3.2).
/// bad_request for anything else, or for broken percent-encoding.
[[nodiscard]] Result<void> read_target(std::string_view target, Request& request);

/// Bytes of the answer's body, whether it is sent or not.
[[nodiscard]] std::uint64_t body_size(const Response& response) noexcept;
/// Whether a request of this method gets the answer's body (RFC 9110, section 6.4.1).
[[nodiscard]] bool sends_body(std::string_view method, unsigned status) noexcept;

/// Status line and header fields, with the empty line: the endpoint's own, Content-Length (a stream ends with
/// its connection: RFC 9112, section 6.3), Date, Server, X-MEN-RequestID, `Connection` where it says
/// something, and `Cache-Control: no-store` unless the endpoint said otherwise. Fields whose value would
/// break the line are left out.
[[nodiscard]] std::string print_head(const Response& response, std::string_view request_id, bool keep_alive,
                                     bool http_1_0);

/// How a request's body is delimited; none sends neither field.
enum class Framing : std::uint8_t { none, length, chunked };

/// A client's request line and header fields, with the empty line. bad_request when method, target or a field
/// would break out of its line.
[[nodiscard]] Result<std::string> print_request_head(std::string_view method, std::string_view target,
                                                     std::string_view host, const Headers& headers,
                                                     Framing framing, std::uint64_t length);

/// The client's X-MEN-RequestID where it is one (Mender's gateway sets it, so that one id goes through all
/// logs), else a new one.
[[nodiscard]] std::string request_id_for(const Headers& headers);

} // namespace two_path::control
