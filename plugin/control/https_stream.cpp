#include "plugin/control/https_stream.hpp"

#include "plugin/control/client_address.hpp"
#include "plugin/control/message_head.hpp"

#include <boost/asio/ssl/error.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/string.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>

#include <algorithm>
#include <new>
#include <stdexcept>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

namespace two_path::control {
namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using asio::ip::tcp;
using boost::system::error_code;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

namespace {

/// Twice at a connection's end: for the client's TLS goodbye, and for the rest of a body that nobody reads.
/// Closing over unread bytes resets the connection, which may destroy the answer on its way.
constexpr milliseconds goodbye_time{2'000};
constexpr std::size_t read_size = std::size_t{16} * 1024;

using Parser = http::request_parser<http::buffer_body>;

SSL* new_session(ssl_ctx_st* tls) {
    auto* session = SSL_new(tls);
    if (session == nullptr) throw std::bad_alloc();
    return session;
}

Error failure(const error_code& ec) {
    if (ec == http::error::header_limit || ec == http::error::buffer_overflow)
        return fail(Errc::too_large, "the request's header");
    const bool of_http = ec.category() == http::make_error_code(http::error::bad_method).category();
    if (of_http && ec != http::error::end_of_stream && ec != http::error::partial_message)
        return fail(Errc::bad_request, "not HTTP/1.1: " + ec.message());
    return fail(Errc::unavailable, ec.message());
}

} // namespace

struct HttpsStream::Parts {
    Parts(tcp::socket socket, ssl_ctx_st* tls, const StreamLimits& bounds)
      : stream(beast::tcp_stream(std::move(socket)), new_session(tls))
      , limits(bounds) {}

    [[nodiscard]] beast::tcp_stream& transport() { return stream.next_layer(); }

    asio::ssl::stream<beast::tcp_stream> stream;
    StreamLimits limits;
    asio::ip::address peer;
    asio::ip::address local;
    beast::flat_buffer buffer{std::size_t{64} * 1024};
    std::optional<Parser> parser;
    bool continue_expected{false};
    // of the request's body
    std::uint64_t body_read{0};
    steady_clock::duration body_waited{0};

    /// For the next bytes of the body.
    [[nodiscard]] steady_clock::duration patience() const {
        const milliseconds earned(body_read * 1000 / limits.min_body_rate);
        return std::min<steady_clock::duration>(limits.body_time, limits.body_time + earned - body_waited);
    }
};

HttpsStream::HttpsStream(tcp::socket socket, ssl_ctx_st* tls, const StreamLimits& limits)
  : parts_(std::make_unique<Parts>(std::move(socket), tls, limits)) {
    error_code ignored;
    auto& raw = parts_->transport().socket();
    parts_->peer = unmapped(raw.remote_endpoint(ignored).address());
    parts_->local = unmapped(raw.local_endpoint(ignored).address());
    raw.set_option(tcp::no_delay(true), ignored);
    // As long as for what the kernel does not take: a client that vanished holds its place no longer.
    const auto unheard = static_cast<int>(limits.write_time.count());
    static_cast<void>(
        ::setsockopt(raw.native_handle(), IPPROTO_TCP, TCP_USER_TIMEOUT, &unheard, sizeof unheard));
}

HttpsStream::~HttpsStream() = default;

const asio::ip::address& HttpsStream::peer() const noexcept {
    return parts_->peer;
}

awaitable<Result<void>> HttpsStream::handshake() {
    parts_->transport().expires_after(parts_->limits.handshake_time);
    error_code ec;
    co_await parts_->stream.async_handshake(asio::ssl::stream_base::server, into(ec));
    const bool of_tls = ec.category() == asio::error::get_ssl_category() || ec == beast::error::timeout;
    if (of_tls) co_return fail(Errc::bad_request, ec.message());
    if (ec) co_return failure(ec);
    co_return Result<void>();
}

awaitable<Result<void>> HttpsStream::arrival() {
    parts_->parser.reset(); // what waits for the next request holds nothing of the last one
    if (parts_->buffer.size() == 0) {
        parts_->buffer.shrink_to_fit();
        parts_->transport().expires_after(parts_->limits.idle_time);
        const auto room = parts_->buffer.prepare(read_size);
        error_code ec;
        const auto count = co_await parts_->stream.async_read_some(room, into(ec));
        parts_->buffer.commit(count);
        if (ec) co_return failure(ec);
    }
    co_return Result<void>();
}

awaitable<Result<void>> HttpsStream::read_head() {
    auto& parser = parts_->parser.emplace();
    parser.header_limit(static_cast<std::uint32_t>(parts_->limits.max_header));
    parser.body_limit(boost::none);
    error_code ec;
    // Mostly all of it came with its first byte, and there is nothing to wait for.
    parts_->buffer.consume(parser.put(parts_->buffer.data(), ec));
    if (!parser.is_header_done() && (!ec || ec == http::error::need_more)) {
        parts_->transport().expires_after(parts_->limits.header_time);
        co_await http::async_read_header(parts_->stream, parts_->buffer, parser, into(ec));
    }
    if (ec) co_return failure(ec);
    parts_->body_read = 0;
    parts_->body_waited = {};
    parts_->continue_expected = beast::iequals(parser.get()[http::field::expect], "100-continue");
    co_return Result<void>();
}

Result<void> HttpsStream::describe(Request& request) {
    const auto& head = parts_->parser->get();
    for (const auto& field : head) {
        auto& value = request.headers[std::string(field.name_string())];
        if (!value.empty()) value.append(", ");
        value.append(field.value());
    }
    request.method = std::string(head.method_string());
    request.client = parts_->peer;
    request.local = parts_->local;

    if (head.version() != 10 && head.version() != 11)
        return fail(Errc::unsupported, "HTTP versions other than 1.0 and 1.1");
    const auto hosts = head.count(http::field::host);
    if (hosts > 1 || (head.version() == 11 && hosts == 0))
        return fail(Errc::bad_request, "one Host field is needed");
    if (head.count(http::field::expect) != 0 && !parts_->continue_expected)
        return fail(Errc::unsupported, "Expect with anything else than 100-continue");
    return read_target(head.target(), request);
}

std::optional<Bytes> HttpsStream::body_at_hand() {
    auto& parser = *parts_->parser;
    if (parser.is_done()) return Bytes();
    auto& buffer = parts_->buffer;
    const auto length = parser.content_length_remaining();
    if (!length || *length > buffer.size()) return std::nullopt;
    Bytes bytes(static_cast<std::size_t>(*length));
    auto& body = parser.get().body();
    body.data = bytes.data();
    body.size = bytes.size();
    error_code ec;
    buffer.consume(parser.put(buffer.data(), ec));
    if (ec || !parser.is_done()) throw std::logic_error("a body of known length was not read to its end");
    return bytes;
}

awaitable<Result<std::size_t>> HttpsStream::read_body(std::span<std::uint8_t> buffer) {
    auto& parser = *parts_->parser;
    if (buffer.empty() || parser.is_done()) co_return std::size_t{0};
    if (parts_->continue_expected) { // RFC 9110, section 10.1.1
        parts_->continue_expected = false;
        const bool sent = co_await send(bytes_of("HTTP/1.1 100 Continue\r\n\r\n"));
        if (!sent) co_return fail(Errc::unavailable, "the client left");
    }
    while (!parser.is_done()) {
        auto& body = parser.get().body();
        body.data = buffer.data();
        body.size = buffer.size();
        const auto begun = steady_clock::now();
        parts_->transport().expires_after(parts_->patience());
        error_code ec;
        co_await http::async_read_some(parts_->stream, parts_->buffer, parser, into(ec));
        const auto count = buffer.size() - parser.get().body().size;
        parts_->body_read += count;
        parts_->body_waited += steady_clock::now() - begun;
        if (count > 0) co_return count;
        if (ec && ec != http::error::need_buffer) {
            auto error = failure(ec);
            error.detail.insert(0, "the request's body broke off: ");
            co_return error;
        }
    }
    co_return std::size_t{0};
}

awaitable<bool> HttpsStream::drain(std::size_t limit) {
    Bytes scratch(read_size);
    std::size_t drained = 0;
    while (!at_end_of_body() && drained <= limit) {
        const auto count = co_await read_body(scratch);
        if (!count) co_return false;
        drained += *count;
    }
    co_return at_end_of_body();
}

bool HttpsStream::at_end_of_body() const {
    return !parts_->parser || parts_->parser->is_done();
}

bool HttpsStream::may_continue(std::size_t limit) const {
    const auto& parser = parts_->parser;
    if (!parser || !parser->is_header_done() || !parser->keep_alive()) return false;
    if (parser->is_done()) return true;
    if (parts_->continue_expected) return false; // the client may send the body or leave it out
    const auto rest = parser->content_length_remaining();
    return !rest || *rest <= limit;
}

bool HttpsStream::is_http_1_0() const {
    const auto& parser = parts_->parser;
    return !parser || !parser->is_header_done() || parser->get().version() == 10;
}

awaitable<bool> HttpsStream::departure() {
    if (parts_->buffer.size() > 0) co_return false;
    parts_->transport().expires_never();
    const auto room = parts_->buffer.prepare(read_size);
    error_code ec;
    const auto count = co_await parts_->stream.async_read_some(room, into(ec));
    parts_->buffer.commit(count);
    co_return ec&& ec != asio::error::operation_aborted;
}

awaitable<bool> HttpsStream::send(std::span<const std::uint8_t> bytes) {
    while (!bytes.empty()) {
        const asio::const_buffer part(bytes.data(), bytes.size());
        parts_->transport().expires_after(parts_->limits.write_time);
        error_code ec;
        const auto count = co_await parts_->stream.async_write_some(part, into(ec));
        if (ec) co_return false;
        bytes = bytes.subspan(count);
    }
    co_return true;
}

awaitable<void> HttpsStream::goodbye() {
    error_code ec;
    parts_->transport().expires_after(goodbye_time);
    co_await parts_->stream.async_shutdown(into(ec));
    if (at_end_of_body()) co_return;
    parts_->transport().expires_after(goodbye_time);
    parts_->transport().socket().shutdown(tcp::socket::shutdown_send, ec);
    Bytes scratch(read_size);
    const asio::mutable_buffer room(scratch.data(), scratch.size());
    while (!ec)
        co_await parts_->transport().async_read_some(room, into(ec));
}

void HttpsStream::cancel() {
    parts_->transport().cancel();
}

void HttpsStream::cut() {
    error_code ignored;
    parts_->transport().socket().close(ignored);
}

} // namespace two_path::control
