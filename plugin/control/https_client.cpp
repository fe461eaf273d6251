#include "plugin/control/https_client.hpp"

#include "plugin/control/client_connection.hpp"
#include "plugin/control/message_head.hpp"
#include "plugin/control/tls.hpp"
#include "protocol/encoding.hpp"
#include "protocol/messages.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/error.hpp>
#include <boost/beast/http/error.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <new>
#include <optional>
#include <utility>

namespace two_path::control {
namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using asio::ip::tcp;
using boost::system::error_code;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

namespace {

constexpr std::size_t piece_size = std::size_t{64} * 1024;
constexpr std::uint32_t max_header = 64 * 1024;
/// For the answer of a server that stopped taking the request: it has been sent, or it never will be.
constexpr milliseconds refusal_time{5'000};

/// How a request went that got no answer.
struct Broken {
    Error error;
    bool before_answer{false}; ///< not one byte of an answer came
};

std::string seconds(milliseconds time) {
    return std::to_string(time.count() / 1000) + " s";
}

std::string what_happened(const error_code& ec) {
    if (ec == asio::error::eof || ec == asio::ssl::error::stream_truncated ||
        ec == http::error::end_of_stream)
        return "it closed the connection";
    return ec.message();
}

bool may_be_repeated(const ClientRequest& request) {
    return !request.source && (request.repeatable || request.method == "GET" || request.method == "HEAD" ||
                               request.method == "PUT" || request.method == "DELETE");
}

Framing framing_of(const ClientRequest& request) {
    if (request.source) return Framing::chunked;
    const bool expects_body =
        request.method != "GET" && request.method != "HEAD" && request.method != "DELETE";
    return expects_body || !request.body.empty() ? Framing::length : Framing::none;
}

/// A lookup that is not waited for longer than its asker wants to; the system's resolver cannot be stopped.
struct Lookup {
    explicit Lookup(const asio::any_io_executor& executor)
      : resolver(executor)
      , done(executor) {}
    tcp::resolver resolver;
    asio::steady_timer done;
    std::optional<error_code> outcome;
    tcp::resolver::results_type found;
};

void start_lookup(const std::shared_ptr<Lookup>& lookup, const Origin& origin) {
    lookup->resolver.async_resolve(origin.host, std::to_string(origin.port),
                                   [lookup](const error_code& ec, tcp::resolver::results_type found) {
                                       lookup->outcome = ec;
                                       lookup->found = std::move(found);
                                       lookup->done.cancel();
                                   });
}

/// SNI, and the name that the certificate must have (RFC 9110, section 4.3.4).
bool expect_name(SSL* session, const std::string& host) {
    error_code ec;
    asio::ip::make_address(host, ec);
    if (!ec) return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(session), host.c_str()) == 1;
    SSL_set_hostflags(session, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    // What SSL_set_tlsext_host_name() is, which casts in the old style.
    const auto named = SSL_ctrl(session, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
                                const_cast<char*>(host.c_str()));
    return named == 1 && SSL_set1_host(session, host.c_str()) == 1;
}

} // namespace

struct HttpsClient::State {
    State(asio::any_io_executor where, HttpsClientOptions settings)
      : executor(std::move(where))
      , options(std::move(settings)) {}

    asio::any_io_executor executor;
    HttpsClientOptions options;
    TlsContext tls;
    std::unique_ptr<ClientConnection> connection;
    steady_clock::time_point last{steady_clock::time_point::max()}; ///< of the request under way

    /// When a wait of so long ends, within the request's own time.
    [[nodiscard]] steady_clock::time_point until(milliseconds time) const {
        return std::min(steady_clock::now() + time, last);
    }

    /// `limit`: of the wait that ended so, unless the request's own time was up first.
    [[nodiscard]] std::string why(const error_code& ec, milliseconds limit) const {
        if (ec != beast::error::timeout) return what_happened(ec);
        return steady_clock::now() >= last ? "nothing in time" : "nothing within " + seconds(limit);
    }
    [[nodiscard]] Error unreachable(const std::string& what) const {
        return fail(Errc::plugin_unreachable, options.origin.text() + ": " + what);
    }
    awaitable<Result<tcp::resolver::results_type>> look_up(steady_clock::time_point deadline);
    awaitable<Result<void>> connect();
    awaitable<error_code> send(std::span<const std::uint8_t> bytes);
    awaitable<std::optional<Error>> send_source(const ClientRequest& request, bool& refused);
    awaitable<boost::system::result<ClientResponse, Broken>> exchange(const ClientRequest& request);
    awaitable<boost::system::result<ClientResponse, Broken>> receive(const ClientRequest& request,
                                                                     milliseconds patience, bool reusable);
    awaitable<Result<void>> receive_body(AnswerParser& parser, const ClientRequest& request,
                                         ClientResponse& response);
};

awaitable<Result<tcp::resolver::results_type>>
HttpsClient::State::look_up(steady_clock::time_point deadline) {
    const auto lookup = std::make_shared<Lookup>(executor);
    start_lookup(lookup, options.origin);
    lookup->done.expires_at(deadline);
    error_code ec;
    if (!lookup->outcome) co_await lookup->done.async_wait(into(ec));
    if (!lookup->outcome) {
        lookup->resolver.cancel();
        co_return unreachable("the name was not resolved within " + seconds(options.connect_time));
    }
    if (*lookup->outcome) co_return unreachable("the name cannot be resolved: " + lookup->outcome->message());
    co_return lookup->found;
}

awaitable<Result<void>> HttpsClient::State::connect() {
    if (!tls && !options.plain) {
        auto context = client_tls(options.ca_file);
        if (!context) co_return context.error();
        tls = std::move(*context);
    }
    const auto deadline = until(options.connect_time);
    const auto endpoints = co_await look_up(deadline);
    if (!endpoints) co_return endpoints.error();

    auto* session = tls ? SSL_new(tls.get()) : nullptr;
    if (tls && session == nullptr) throw std::bad_alloc();
    auto fresh = std::make_unique<ClientConnection>(executor, session);
    if (session != nullptr && !expect_name(session, options.origin.host))
        co_return fail(Errc::bad_request, options.origin.host + " is no name of a host");

    fresh->expires_at(deadline);
    auto ec = co_await fresh->connect(*endpoints);
    if (ec) co_return unreachable("no connection: " + why(ec, options.connect_time));
    ec = co_await fresh->handshake();
    const auto verdict = session == nullptr ? X509_V_OK : SSL_get_verify_result(session);
    if (ec && verdict != X509_V_OK)
        co_return fail(
            Errc::bad_configuration,
            "the certificate of " + options.origin.text() +
                " is refused: " + X509_verify_cert_error_string(verdict) +
                "; name the right host, or give the server's certificate or its authority's as CA file");
    if (ec) co_return unreachable("no TLS: " + why(ec, options.connect_time));
    connection = std::move(fresh);
    co_return Result<void>();
}

awaitable<error_code> HttpsClient::State::send(std::span<const std::uint8_t> bytes) {
    error_code ec;
    while (!ec && !bytes.empty()) {
        connection->expires_at(until(options.progress_time));
        std::size_t count = 0;
        ec = co_await connection->write(bytes, count);
        bytes = bytes.subspan(count);
    }
    co_return ec;
}

/// Chunked. `refused`: the server stopped taking it, and may have said why.
awaitable<std::optional<Error>> HttpsClient::State::send_source(const ClientRequest& request, bool& refused) {
    Bytes piece(piece_size);
    std::string chunk;
    for (;;) {
        const auto count = request.source(piece);
        if (!count) co_return count.error();
        std::array<char, 16> digits{};
        const auto [end, ignored] = std::to_chars(digits.data(), digits.data() + digits.size(), *count, 16);
        chunk.assign(digits.data(), end).append("\r\n");
        chunk.append(piece.begin(), piece.begin() + static_cast<std::ptrdiff_t>(*count)).append("\r\n");
        const auto ec = co_await send(bytes_of(chunk));
        if (ec) {
            refused = true;
            co_return unreachable("the request could not be sent: " + why(ec, options.progress_time));
        }
        if (*count == 0) co_return std::nullopt;
    }
}

awaitable<boost::system::result<ClientResponse, Broken>>
HttpsClient::State::exchange(const ClientRequest& request) {
    const auto head = print_request_head(request.method, request.target, options.origin.text(),
                                         request.headers, framing_of(request), request.body.size());
    if (!head) co_return Broken{head.error()};
    std::optional<Error> unsent;
    bool refused = false;
    std::string message = *head;
    if (!request.source) message.append(request.body);
    const auto ec = co_await send(bytes_of(message));
    if (ec) {
        refused = true;
        unsent = unreachable("the request could not be sent: " + why(ec, options.progress_time));
    } else if (request.source) {
        unsent = co_await send_source(request, refused);
    }
    if (unsent && !refused) co_return Broken{*unsent};
    const auto patience = refused ? refusal_time : options.answer_time;
    auto answer = co_await receive(request, patience, !refused);
    if (!answer && unsent) co_return Broken{*unsent, answer.error().before_answer};
    co_return answer;
}

awaitable<boost::system::result<ClientResponse, Broken>>
HttpsClient::State::receive(const ClientRequest& request, milliseconds patience, bool reusable) {
    std::optional<AnswerParser> parser;
    bool any = connection->holds_bytes();
    for (;;) { // 1xx come before the final one (RFC 9110, section 15.2)
        parser.emplace();
        parser->header_limit(max_header);
        parser->body_limit(boost::none);
        parser->skip(request.method == "HEAD");
        connection->expires_at(until(patience));
        const auto ec = co_await connection->read_head(*parser);
        any = any || parser->got_some();
        if (ec) {
            auto error = unreachable(parser->got_some() ? "the answer is not HTTP: " + why(ec, patience)
                                                        : "no answer: " + why(ec, patience));
            co_return Broken{std::move(error), !any};
        }
        if (parser->get().result_int() >= 200) break;
    }

    ClientResponse response;
    response.status = parser->get().result_int();
    for (const auto& field : parser->get()) {
        auto& value = response.headers[std::string(field.name_string())];
        if (!value.empty()) value.append(", ");
        value.append(field.value());
    }
    const auto received = co_await receive_body(*parser, request, response);
    if (!received) co_return Broken{received.error()};
    connection->expires_never();
    if (!reusable || !options.keep_alive || !parser->keep_alive()) connection.reset();
    co_return response;
}

awaitable<Result<void>> HttpsClient::State::receive_body(AnswerParser& parser, const ClientRequest& request,
                                                         ClientResponse& response) {
    const bool to_sink = request.sink && response.status / 100 == 2;
    Bytes piece(piece_size);
    while (!parser.is_done()) {
        auto& body = parser.get().body();
        body.data = piece.data();
        body.size = piece.size();
        connection->expires_at(until(options.progress_time));
        const auto ec = co_await connection->read_body(parser);
        const auto count = piece.size() - parser.get().body().size;
        const auto bytes = std::span<const std::uint8_t>(piece).first(count);
        if (ec && ec != http::error::need_buffer && count == 0)
            co_return unreachable("the answer broke off: " + why(ec, options.progress_time));
        if (to_sink) {
            const auto taken = count > 0 ? request.sink(bytes) : Result<void>();
            if (!taken) co_return taken.error();
        } else {
            if (count > options.max_body - response.body.size())
                co_return fail(Errc::too_large, "the answer of " + options.origin.text() + " is over " +
                                                    std::to_string(options.max_body) + " bytes");
            response.body.append(bytes.begin(), bytes.end());
        }
    }
    co_return Result<void>();
}

HttpsClient::HttpsClient(asio::any_io_executor executor, HttpsClientOptions options)
  : state_(std::make_unique<State>(std::move(executor), std::move(options))) {}

HttpsClient::~HttpsClient() = default;

awaitable<Result<ClientResponse>> HttpsClient::request(ClientRequest request) {
    state_->last = request.deadline;
    for (bool repeated = false;; repeated = true) {
        const bool kept = state_->connection != nullptr;
        if (!kept) {
            const auto connected = co_await state_->connect();
            if (!connected) co_return connected.error();
        }
        auto answer = co_await state_->exchange(request);
        if (answer) co_return std::move(*answer);
        close();
        const bool stale = kept && answer.error().before_answer && may_be_repeated(request);
        if (!stale || repeated) co_return answer.error().error;
    }
}

void HttpsClient::close() noexcept {
    state_->connection.reset();
}

} // namespace two_path::control
