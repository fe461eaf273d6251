#include "plugin/control/https_server.hpp"

#include "plugin/control/client_address.hpp"
#include "plugin/control/message_head.hpp"
#include "plugin/control/session_log.hpp"
#include "plugin/control/stream_sender.hpp"
#include "plugin/log.hpp"
#include "protocol/encoding.hpp"
#include "protocol/messages.hpp"

#include <boost/asio/bind_executor.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>

#include <algorithm>
#include <cerrno>
#include <exception>
#include <optional>
#include <set>
#include <system_error>
#include <utility>

#include <unistd.h>

namespace two_path::control {
namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

namespace {

constexpr std::size_t file_piece = std::size_t{256} * 1024;
/// Header and body up to this size leave in one write.
constexpr std::size_t joined_size = std::size_t{16} * 1024;
/// Between two cuts of what is left when the grace is over; one is enough, unless a connection was just
/// coming.
constexpr milliseconds cut_interval{1'000};

class Connection;

/// A request's body for its endpoint, which runs on another thread and may outlive the connection's patience.
/// What has come already is handed along: each piece that must be asked for costs two changes of thread.
class Body final : public RequestBody {
  public:
    Body(asio::any_io_executor network, std::weak_ptr<Connection> connection, std::optional<Bytes> at_hand)
      : network_(std::move(network))
      , connection_(std::move(connection))
      , at_hand_(std::move(at_hand)) {}
    Body(const Body&) = delete;
    Body& operator=(const Body&) = delete;
    ~Body() { // it may hold a certification
        if (at_hand_) wipe(*at_hand_);
    }
    awaitable<Result<std::size_t>> read(std::span<std::uint8_t> buffer) override;

  private:
    static awaitable<Result<std::size_t>> read_there(std::weak_ptr<Connection> connection, const Body* body,
                                                     std::span<std::uint8_t> buffer);
    std::size_t take(std::span<std::uint8_t> buffer);
    asio::any_io_executor network_;
    std::weak_ptr<Connection> connection_;
    std::optional<Bytes> at_hand_; ///< the whole body
    std::size_t taken_{0};         ///< of it
};

/// What an endpoint holds on to for as long as it runs.
struct Exchange {
    Exchange(asio::any_io_executor network, std::weak_ptr<Connection> connection,
             std::optional<Bytes> body_at_hand)
      : body(std::move(network), std::move(connection), std::move(body_at_hand)) {
        request.body = &body;
    }
    Request request;
    Body body;
};

awaitable<Response> run_endpoint(std::shared_ptr<Exchange> exchange, const Router& router) {
    co_return co_await router.serve(exchange->request);
}

awaitable<Result<std::size_t>> read_piece(std::shared_ptr<const ftp::Descriptor> descriptor,
                                          std::uint64_t offset, std::span<std::uint8_t> piece) {
    ssize_t count = -1;
    do
        count = ::pread(descriptor->get(), piece.data(), piece.size(), static_cast<off_t>(offset));
    while (count < 0 && errno == EINTR);
    if (count > 0) co_return static_cast<std::size_t>(count);
    co_return fail(Errc::io_error,
                   count == 0 ? "it has become shorter" : std::generic_category().message(errno));
}

bool is_device_api(std::string_view path) {
    const auto prefix = messages::device_api;
    return path.substr(0, prefix.size()) == prefix &&
           (path.size() == prefix.size() || path[prefix.size()] == '/');
}

} // namespace

struct HttpsServerState {
    Executors executors;
    TlsContext tls;
    const Router& router;
    HttpsServerOptions options;
    std::shared_ptr<Listener> listener;
    std::set<Connection*> connections;
    std::map<unsigned, std::uint64_t> answers; ///< by status
    bool stopping{false};
};

namespace {

/// One client's connection, on the network executor. Kept alive by its own coroutine.
class Connection : public std::enable_shared_from_this<Connection> {
  public:
    Connection(std::shared_ptr<HttpsServerState> server, tcp::socket socket)
      : server_(std::move(server))
      , stream_(std::move(socket), server_->tls.get(), server_->options.stream)
      , sender_(server_->executors, stream_)
      , endpoint_done_(server_->executors.network) {
        server_->connections.insert(this);
    }
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;
    ~Connection() { server_->connections.erase(this); }

    static awaitable<void> run(std::shared_ptr<Connection> self);
    /// More of the current request's body, if `asked_for` still is that.
    awaitable<Result<std::size_t>> read_for(const Body* asked_for, std::span<std::uint8_t> buffer);
    /// Ends what waits: for a request, or for more of a stream.
    void end_waiting();
    void cut();

  private:
    enum class Next : std::uint8_t { request, close, gone };

    awaitable<bool> secure();
    awaitable<Next> wait_for_request();
    awaitable<Next> serve_request();
    void start_endpoint();
    void finished(const std::exception_ptr& error, Response response);
    awaitable<Response> endpoint_answer();
    awaitable<Next> answer(Response response, bool keep_alive);
    awaitable<bool> send_file(FileBody file);

    std::shared_ptr<HttpsServerState> server_;
    HttpsStream stream_;
    StreamSender sender_;
    std::shared_ptr<Exchange> exchange_; ///< none when no endpoint is waited for
    std::optional<Response> response_;
    asio::steady_timer endpoint_done_;
    // of the current request, for its answer and its log line
    std::string method_;
    std::string path_;
    std::string id_;
    steady_clock::time_point begun_;
    bool idle_{true};
    bool reading_body_{false};
    bool cut_{false};
};

awaitable<void> Connection::run(std::shared_ptr<Connection> self) {
    const bool secured = co_await self->secure();
    if (!secured) co_return;
    auto next = Next::request;
    while (next == Next::request) {
        next = co_await self->wait_for_request();
        if (next == Next::request) next = co_await self->serve_request();
    }
    if (next == Next::close && !self->cut_) co_await self->stream_.goodbye();
}

awaitable<bool> Connection::secure() {
    const auto done = co_await stream_.handshake();
    if (!done && done.error().code != Errc::unavailable)
        log(Level::info, "TLS with " + stream_.peer().to_string() + " failed: " + done.error().detail);
    co_return done.has_value();
}

awaitable<Connection::Next> Connection::wait_for_request() {
    if (server_->stopping) co_return Next::close;
    idle_ = true;
    const auto arrived = co_await stream_.arrival();
    idle_ = false;
    if (!arrived) co_return server_->stopping ? Next::close : Next::gone;

    begun_ = steady_clock::now();
    const auto read = co_await stream_.read_head();
    if (read) co_return Next::request;
    if (read.error().code == Errc::unavailable) co_return Next::gone;
    method_ = path_ = "-";
    id_ = request_id_for({});
    auto refusal = Response::of(read.error(), id_);
    if (read.error().code == Errc::too_large) refusal.status = 431; // RFC 6585, section 5
    co_return co_await answer(std::move(refusal), false);
}

awaitable<Connection::Next> Connection::serve_request() {
    exchange_ =
        std::make_shared<Exchange>(server_->executors.network, weak_from_this(), stream_.body_at_hand());
    auto& request = exchange_->request;
    const auto understood = stream_.describe(request);
    const auto forwarded = request.headers.find("X-Forwarded-For");
    if (forwarded != request.headers.end())
        request.client = client_behind(server_->options.trusted_proxies, request.client, forwarded->second);
    request.id = id_ = request_id_for(request.headers);
    method_ = request.method;
    path_ = understood ? request.path : "-";
    if (!understood) {
        exchange_.reset();
        auto refusal = Response::of(understood.error(), id_);
        co_return co_await answer(std::move(refusal), false);
    }
    start_endpoint();
    auto response = co_await endpoint_answer();
    if (cut_) co_return Next::gone;
    const bool in_time = exchange_ != nullptr;
    exchange_.reset();
    const bool keep_alive = in_time && !server_->stopping && !response.stream &&
                            stream_.may_continue(server_->options.max_drained);
    co_return co_await answer(std::move(response), keep_alive);
}

void Connection::start_endpoint() {
    response_.reset();
    auto done = [connection = weak_from_this(), exchange = exchange_](const std::exception_ptr& error,
                                                                      Response response) {
        const auto self = connection.lock();
        if (self && self->exchange_ == exchange) self->finished(error, std::move(response));
    };
    asio::co_spawn(server_->executors.worker, run_endpoint(exchange_, server_->router),
                   asio::bind_executor(server_->executors.network, std::move(done)));
}

void Connection::finished(const std::exception_ptr& error, Response response) {
    try {
        if (error) std::rethrow_exception(error);
        response_ = std::move(response);
    } catch (const std::exception& thrown) {
        log_of(Level::error, session_in(path_),
               method_ + " " + path_ + " failed: " + thrown.what() + " (request " + id_ + ")");
        response_ = Response::of(fail(Errc::internal, ""), id_);
    }
    endpoint_done_.cancel();
}

/// Gives up the endpoint (exchange_ is then none) when it takes too long.
awaitable<Response> Connection::endpoint_answer() {
    if (is_device_api(path_))
        endpoint_done_.expires_after(server_->options.device_answer_time);
    else // it has deadlines of its own, and so has each read of the body
        endpoint_done_.expires_at(steady_clock::time_point::max());
    error_code ec;
    if (!response_) co_await endpoint_done_.async_wait(into(ec));
    if (response_) co_return std::move(*response_);
    exchange_.reset();
    co_return Response::of(fail(Errc::unavailable, "no answer was ready in time"), id_);
}

awaitable<Connection::Next> Connection::answer(Response response, bool keep_alive) {
    ++server_->answers[response.status];
    const bool with_body = sends_body(method_, response.status);
    auto head = print_head(response, id_, keep_alive, stream_.is_http_1_0());
    const bool joined =
        with_body && !response.file && !response.stream && response.body.size() <= joined_size;
    if (joined) head.append(response.body);
    bool sent = co_await stream_.send(bytes_of(head));
    if (sent && with_body && response.stream)
        sent = co_await sender_.send(std::move(response.stream), shared_from_this());
    else if (sent && with_body && !joined && response.file)
        sent = co_await send_file(std::move(*response.file));
    else if (sent && with_body && !joined)
        sent = co_await stream_.send(bytes_of(response.body));

    const auto took = std::chrono::duration_cast<milliseconds>(steady_clock::now() - begun_).count();
    log_of(Level::info, session_of(path_, response),
           method_ + " " + path_ + " " + std::to_string(response.status) + " " + std::to_string(took) +
               " ms " + id_ + (sent ? "" : " (cut off)"));
    // An endpoint that was given up may still be reading; no other read can begin then.
    if (reading_body_) cut();
    if (!sent || cut_) co_return Next::gone;
    if (!keep_alive) co_return Next::close;
    const bool drained = co_await stream_.drain(server_->options.max_drained);
    co_return drained ? Next::request : Next::close;
}

awaitable<bool> Connection::send_file(FileBody file) {
    Bytes piece(static_cast<std::size_t>(std::min<std::uint64_t>(file.size, file_piece)));
    while (file.size > 0) {
        const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(file.size, piece.size()));
        const auto room = std::span(piece).first(wanted);
        auto reading = read_piece(file.descriptor, file.offset, room);
        const auto count =
            co_await asio::co_spawn(server_->executors.files, std::move(reading), asio::use_awaitable);
        if (!count) {
            log_of(Level::error, session_in(path_),
                   path_ + ": the file cannot be read on: " + count.error().detail + " (request " + id_ +
                       ")");
            co_return false;
        }
        const bool sent = co_await stream_.send(room.first(*count));
        if (!sent) co_return false;
        file.offset += *count;
        file.size -= *count;
    }
    co_return true;
}

awaitable<Result<std::size_t>> Connection::read_for(const Body* asked_for, std::span<std::uint8_t> buffer) {
    if (!exchange_ || &exchange_->body != asked_for)
        co_return fail(Errc::unavailable, "the request was given up");
    reading_body_ = true;
    auto count = co_await stream_.read_body(buffer);
    reading_body_ = false;
    co_return count;
}

void Connection::end_waiting() {
    if (idle_) stream_.cancel();
    sender_.end();
}

void Connection::cut() {
    cut_ = true;
    stream_.cut();
    sender_.end();
    endpoint_done_.cancel();
}

std::size_t Body::take(std::span<std::uint8_t> buffer) {
    const auto count = std::min(buffer.size(), at_hand_->size() - taken_);
    std::copy_n(at_hand_->begin() + static_cast<std::ptrdiff_t>(taken_), count, buffer.begin());
    taken_ += count;
    return count;
}

awaitable<Result<std::size_t>> Body::read(std::span<std::uint8_t> buffer) {
    if (at_hand_) co_return take(buffer);
    auto reading = read_there(connection_, this, buffer);
    co_return co_await asio::co_spawn(network_, std::move(reading), asio::use_awaitable);
}

awaitable<Result<std::size_t>> Body::read_there(std::weak_ptr<Connection> connection, const Body* body,
                                                std::span<std::uint8_t> buffer) {
    const auto self = connection.lock();
    if (!self) co_return fail(Errc::unavailable, "the client left");
    co_return co_await self->read_for(body, buffer);
}

} // namespace

HttpsServer::HttpsServer(Executors executors, TlsContext tls, const Router& router,
                         HttpsServerOptions options)
  : state_(new HttpsServerState{std::move(executors), std::move(tls), router, options, nullptr, {}, {}}) {
    auto serve = [state = std::weak_ptr(state_)](tcp::socket socket) {
        return Connection::run(std::make_shared<Connection>(state.lock(), std::move(socket)));
    };
    state_->listener =
        std::make_shared<Listener>(state_->executors.network, options.connections, std::move(serve));
}

HttpsServer::~HttpsServer() = default;

Result<void> HttpsServer::listen(const tcp::endpoint& endpoint) {
    return state_->listener->listen(endpoint);
}

tcp::endpoint HttpsServer::local_endpoint() const {
    return state_->listener->local_endpoint();
}

std::size_t HttpsServer::connections() const {
    return state_->listener->connections();
}

const std::map<unsigned, std::uint64_t>& HttpsServer::answers() const {
    return state_->answers;
}

awaitable<void> HttpsServer::stop(milliseconds grace) {
    const auto state = state_;
    state->stopping = true;
    state->listener->close();
    for (auto* connection : state->connections)
        connection->end_waiting();
    bool empty = co_await state->listener->drained(grace);
    while (!empty) {
        for (auto* connection : state->connections)
            connection->cut();
        empty = co_await state->listener->drained(cut_interval);
    }
}

} // namespace two_path::control
