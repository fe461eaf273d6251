/// The server's end of one connection as HTTP/1.1 over TLS (RFC 9112): heads, pieces of bodies, bytes of
/// answers.
#pragma once

#include "plugin/control/http.hpp"
#include "protocol/encoding.hpp"

#include <boost/asio/ip/tcp.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

struct ssl_ctx_st;

namespace two_path::control {

/// What one connection may cost. Every wait for a client has a bound.
struct StreamLimits {
    std::size_t max_header{std::size_t{16} * 1024};   ///< bytes of request line and header fields
    std::chrono::milliseconds handshake_time{10'000}; ///< TLS, all told
    std::chrono::milliseconds header_time{10'000};    ///< from a request's first byte to its header's last
    std::chrono::milliseconds idle_time{30'000};      ///< from one answer to the next request's first byte
    std::chrono::milliseconds body_time{30'000};      ///< without a byte of the request's body
    /// Bytes a second that a body must bring, body_time once apart: whoever sends a byte now and then would
    /// hold a connection for ever. What the endpoint takes its time for does not count.
    std::uint32_t min_body_rate{1024};
    std::chrono::milliseconds write_time{30'000}; ///< without a byte of the answer taken
};

/// One request after the other. Used on the socket's executor, one operation at a time, except that send()
/// may run beside read_body(), and cancel() and cut() beside anything. Errors: bad_request for bytes that are
/// not HTTP/1.1, too_large for the header, unavailable for a client that is silent or gone.
class HttpsStream {
  public:
    /// `tls` must outlive it.
    HttpsStream(boost::asio::ip::tcp::socket socket, ssl_ctx_st* tls, const StreamLimits& limits);
    HttpsStream(const HttpsStream&) = delete;
    HttpsStream& operator=(const HttpsStream&) = delete;
    ~HttpsStream();

    /// The client, as unmapped(), for as long as the stream lives.
    [[nodiscard]] const boost::asio::ip::address& peer() const noexcept;

    /// bad_request also for TLS that cannot be, and for none in time.
    awaitable<Result<void>> handshake();
    /// Waits for the next request's first byte.
    awaitable<Result<void>> arrival();
    /// Reads the next request's header.
    awaitable<Result<void>> read_head();
    /// Puts method, path, query, header fields and addresses of the header that was read into `request`.
    /// bad_request or unsupported, by name; what could be read of method and headers is set all the same.
    [[nodiscard]] Result<void> describe(Request& request);

    /// The whole body, when all of it has come with the header; none otherwise. Waits for nothing.
    [[nodiscard]] std::optional<Bytes> body_at_hand();
    /// The next bytes of the body, 0 at its end. Says `100 Continue` first, to a client that waits for it.
    awaitable<Result<std::size_t>> read_body(std::span<std::uint8_t> buffer);
    /// Reads what is left of the body, at most `limit` bytes; true when the next request can follow.
    awaitable<bool> drain(std::size_t limit);
    [[nodiscard]] bool at_end_of_body() const;
    /// Whether client and HTTP allow another request behind this one, with at most `limit` bytes of body
    /// unread.
    [[nodiscard]] bool may_continue(std::size_t limit) const;
    /// Of the request; true before any header was read.
    [[nodiscard]] bool is_http_1_0() const;

    /// True when the client has left, false when it sent something, which nobody waits for here, or cancel()
    /// was called. May run beside send().
    awaitable<bool> departure();

    /// False when the client left or took too long.
    awaitable<bool> send(std::span<const std::uint8_t> bytes);
    /// Ends the connection so that the answer arrives: TLS's goodbye, and a moment's patience with a body
    /// that is still coming.
    awaitable<void> goodbye();

    /// The operations under way fail.
    void cancel();
    /// Closes at once.
    void cut();

  private:
    struct Parts;
    std::unique_ptr<Parts> parts_;
};

} // namespace two_path::control
