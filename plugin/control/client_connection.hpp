/// One connection of the HTTPS client: over TLS, or over TCP alone inside a closed network.
#pragma once

#include "plugin/executors.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/parser.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace two_path::control {

using AnswerParser = boost::beast::http::response_parser<boost::beast::http::buffer_body>;

/// May serve several requests, one after the other. Every operation ends at `expires_at()`.
class ClientConnection {
  public:
    /// Owns `session` from now on; null: no TLS.
    ClientConnection(const boost::asio::any_io_executor& executor, SSL* session);

    void expires_at(std::chrono::steady_clock::time_point deadline) { tcp_.expires_at(deadline); }
    void expires_never() { tcp_.expires_never(); }

    awaitable<boost::system::error_code>
    connect(const boost::asio::ip::tcp::resolver::results_type& endpoints);
    /// Nothing without TLS.
    awaitable<boost::system::error_code> handshake();
    awaitable<boost::system::error_code> write(std::span<const std::uint8_t> bytes, std::size_t& count);
    awaitable<boost::system::error_code> read_head(AnswerParser& parser);
    /// Some of the body, into where the parser's body points.
    awaitable<boost::system::error_code> read_body(AnswerParser& parser);
    /// Bytes of an answer came that nobody has read yet.
    [[nodiscard]] bool holds_bytes() const { return buffer_.size() > 0; }

  private:
    boost::beast::tcp_stream tcp_;
    std::optional<boost::asio::ssl::stream<boost::beast::tcp_stream&>> tls_;
    boost::beast::flat_buffer buffer_;
};

} // namespace two_path::control
