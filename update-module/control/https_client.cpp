#include "update-module/control/https_client.hpp"

#include "ftp/asio.hpp"
#include "update-module/control/server_url.hpp"
#include "update-module/control/trust.hpp"
#include "update-module/resolve.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

#include <array>
#include <charconv>
#include <ctime>
#include <vector>

namespace two_path::control {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
namespace ssl = boost::asio::ssl;
using asio::ip::tcp;
using boost::system::error_code;
using ftp::into;

using Request = http::request<http::string_body>;
using Parser = http::response_parser<http::string_body>;

constexpr milliseconds whole_exchange{4'000}; ///< from the connection on; see HttpsClient
constexpr std::size_t read_ahead = std::size_t{64} * 1024;
constexpr std::size_t max_header = std::size_t{16} * 1024;

/// What one exchange needs and gives; it outlives the loop that runs it.
struct Exchange {
    std::vector<tcp::endpoint> endpoints;
    Request request;
    Parser parser;
    std::string step = "connection"; ///< what was under way
    error_code error;
    std::string certificate_error;
    bool done{false};
};

template<class Stream>
asio::awaitable<void> talk(Stream& stream, Exchange& exchange) {
    exchange.step = "request";
    co_await http::async_write(stream, exchange.request, into(exchange.error));
    if (exchange.error) co_return;
    exchange.step = "answer";
    boost::beast::flat_buffer buffer(max_header + read_ahead);
    co_await http::async_read(stream, buffer, exchange.parser, into(exchange.error));
    exchange.done = !exchange.error;
}

asio::awaitable<void> open_plain(tcp::socket& socket, Exchange& exchange) {
    co_await asio::async_connect(socket, exchange.endpoints, into(exchange.error));
    if (exchange.error) co_return;
    error_code ignored;
    socket.set_option(tcp::no_delay(true), ignored);
}

asio::awaitable<void> run_plain(Exchange& exchange) {
    const auto executor = co_await asio::this_coro::executor;
    tcp::socket socket(executor);
    co_await open_plain(socket, exchange);
    if (exchange.error) co_return;
    co_await talk(socket, exchange);
    error_code ignored;
    socket.shutdown(tcp::socket::shutdown_both, ignored);
    socket.close(ignored);
}

std::string utc_now() {
    const auto now = std::time(nullptr);
    std::tm broken{};
    std::array<char, 32> text{};
    ::gmtime_r(&now, &broken);
    const auto size = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &broken);
    return {text.data(), size};
}

std::string certificate_error(SSL* connection) {
    const auto result = SSL_get_verify_result(connection);
    if (result == X509_V_OK) return {};
    std::string text = std::string("the server's certificate: ") + X509_verify_cert_error_string(result);
    if (result == X509_V_ERR_CERT_NOT_YET_VALID || result == X509_V_ERR_CERT_HAS_EXPIRED)
        text += "; this device's clock says " + utc_now() + ", is that right?";
    return text;
}

asio::awaitable<void> run_secure(Exchange& exchange, ssl::context& context, std::string host, bool name) {
    const auto executor = co_await asio::this_coro::executor;
    ssl::stream<tcp::socket> stream(executor, context);
    stream.set_verify_callback(ssl::host_name_verification(host));
    // The macro for this, SSL_set_tlsext_host_name, is made of old-style casts.
    if (name)
        SSL_ctrl(stream.native_handle(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
                 host.data());
    co_await open_plain(stream.next_layer(), exchange);
    if (exchange.error) co_return;
    exchange.step = "TLS handshake";
    co_await stream.async_handshake(ssl::stream_base::client, into(exchange.error));
    if (exchange.error) {
        exchange.certificate_error = certificate_error(stream.native_handle());
        co_return;
    }
    co_await talk(stream, exchange);
    // No close_notify is waited for: the answer carries its own length.
    error_code ignored;
    stream.next_layer().close(ignored);
}

std::optional<std::chrono::seconds> retry_after_of(std::string_view text) {
    constexpr unsigned longest = 24 * 60 * 60;
    unsigned seconds = 0;
    const auto* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, seconds);
    if (error != std::errc() || stop != end || text.empty()) return std::nullopt;
    return std::chrono::seconds(std::min(seconds, longest));
}

HttpReply reply_of(Parser& parser) {
    auto message = parser.release();
    const auto text = [&message](http::field field) {
        const auto value = message[field];
        return std::string(value.data(), value.size());
    };
    HttpReply reply;
    reply.status = message.result_int();
    reply.content_type = text(http::field::content_type);
    reply.retry_after = retry_after_of(text(http::field::retry_after));
    reply.body = std::move(message.body());
    return reply;
}

Error error_of(const Exchange& exchange, const std::string& server) {
    if (!exchange.certificate_error.empty())
        return fail(Errc::plugin_unreachable, server + ": " + exchange.certificate_error);
    if (!exchange.error) return fail(Errc::plugin_unreachable, server + ": no " + exchange.step + " in time");
    const bool cut =
        exchange.error == http::error::end_of_stream || exchange.error == http::error::partial_message;
    if (exchange.error.category() == http::make_error_code(http::error::bad_version).category() && !cut)
        return fail(Errc::no_route, server + ": what answers is not the plugin: " + exchange.error.message());
    return fail(Errc::plugin_unreachable, server + ": " + exchange.step + ": " + exchange.error.message());
}

Request make_request(const ServerUrl& url, const std::string& token, const HttpRequest& request) {
    constexpr unsigned http_1_1 = 11;
    Request made(http::string_to_verb(request.method), url.prefix + request.path, http_1_1);
    made.set(http::field::host, url.authority());
    made.set(http::field::user_agent, "two-path/" TWO_PATH_VERSION);
    made.set(http::field::authorization, "Bearer " + token);
    made.set(http::field::accept, request.range.empty() ? "application/json" : "application/octet-stream");
    made.set(http::field::connection, "close");
    if (!request.body.empty()) made.set(http::field::content_type, "application/json");
    if (!request.range.empty()) made.set(http::field::range, request.range);
    made.body() = request.body;
    made.prepare_payload();
    return made;
}

} // namespace

struct HttpsClient::Tls {
    ssl::context context{ssl::context::tls_client};
};

HttpsClient::HttpsClient(std::string ca_file)
  : ca_file_(std::move(ca_file)) {}
HttpsClient::HttpsClient(HttpsClient&&) noexcept = default;
HttpsClient& HttpsClient::operator=(HttpsClient&&) noexcept = default;
HttpsClient::~HttpsClient() = default;

Result<void> HttpsClient::prepare_tls() {
    if (tls_) return {};
    auto tls = std::make_unique<Tls>();
    if (auto ready = trust(tls->context, ca_file_); !ready) return ready;
    tls_ = std::move(tls);
    return {};
}

Result<HttpReply> HttpsClient::exchange(const std::string& url, const std::string& token,
                                        const HttpRequest& request, Deadline deadline) {
    const auto server = ServerUrl::parse(url);
    if (!server) return server.error();
    if (server->secure)
        if (auto ready = prepare_tls(); !ready) return ready.error();
    Result<std::vector<std::string>> addresses(std::vector{server->literal()});
    if (addresses->front().empty()) addresses = device::resolve(server->host, deadline);
    if (!addresses) return addresses.error();

    Exchange exchange;
    exchange.request = make_request(*server, token, request);
    exchange.parser.body_limit(request.most);
    exchange.parser.header_limit(max_header);
    for (const auto& address : *addresses) {
        error_code error;
        const auto parsed = asio::ip::make_address(address, error);
        if (!error) exchange.endpoints.emplace_back(parsed, server->port);
    }
    {
        asio::io_context loop(1);
        auto running = server->secure
                           ? run_secure(exchange, tls_->context, server->host, server->literal().empty())
                           : run_plain(exchange);
        asio::co_spawn(loop, std::move(running), [](const std::exception_ptr& failure) {
            if (failure) std::rethrow_exception(failure);
        });
        loop.run_until(deadline.within(whole_exchange).at());
        // Leaving the block closes the connection, whatever state it is in.
    }
    if (!exchange.done) {
        tls_.reset(); // one that was made while memory ran short might refuse for as long as it lives
        return error_of(exchange, server->authority());
    }
    return reply_of(exchange.parser);
}

} // namespace two_path::control
