#include "plugin/control/client_connection.hpp"

#include <boost/beast/http/read.hpp>

namespace two_path::control {
namespace asio = boost::asio;
namespace http = boost::beast::http;
using boost::system::error_code;

namespace {

constexpr std::size_t buffer_size = std::size_t{64} * 1024;

} // namespace

ClientConnection::ClientConnection(const asio::any_io_executor& executor, SSL* session)
  : tcp_(executor)
  , buffer_(buffer_size) {
    if (session != nullptr) tls_.emplace(tcp_, session);
}

awaitable<error_code> ClientConnection::connect(const asio::ip::tcp::resolver::results_type& endpoints) {
    error_code ec;
    co_await tcp_.async_connect(endpoints, into(ec));
    error_code ignored;
    if (!ec) tcp_.socket().set_option(asio::ip::tcp::no_delay(true), ignored);
    co_return ec;
}

awaitable<error_code> ClientConnection::handshake() {
    error_code ec;
    if (tls_) co_await tls_->async_handshake(asio::ssl::stream_base::client, into(ec));
    co_return ec;
}

awaitable<error_code> ClientConnection::write(std::span<const std::uint8_t> bytes, std::size_t& count) {
    const asio::const_buffer part(bytes.data(), bytes.size());
    error_code ec;
    if (tls_)
        count = co_await tls_->async_write_some(part, into(ec));
    else
        count = co_await tcp_.async_write_some(part, into(ec));
    co_return ec;
}

awaitable<error_code> ClientConnection::read_head(AnswerParser& parser) {
    error_code ec;
    if (tls_)
        co_await http::async_read_header(*tls_, buffer_, parser, into(ec));
    else
        co_await http::async_read_header(tcp_, buffer_, parser, into(ec));
    co_return ec;
}

awaitable<error_code> ClientConnection::read_body(AnswerParser& parser) {
    error_code ec;
    if (tls_)
        co_await http::async_read_some(*tls_, buffer_, parser, into(ec));
    else
        co_await http::async_read_some(tcp_, buffer_, parser, into(ec));
    co_return ec;
}

} // namespace two_path::control
