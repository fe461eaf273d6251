#include "tests/unit/plugin/control/https_world.hpp"

#include "plugin/log.hpp"
#include "tests/support/open_body.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/asio/write.hpp>

#include <array>
#include <fstream>
#include <stdexcept>
#include <thread>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

namespace two_path::tests {
namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using control::Request;
using control::Response;

namespace {

Response text(std::string body) {
    Response response;
    response.headers["Content-Type"] = "text/plain";
    response.body = std::move(body);
    return response;
}

/// Runs a loop until `done`, at most for `patience`.
void run_until(asio::io_context& loop, const bool& done) {
    loop.restart();
    loop.run_for(patience);
    if (!done) throw std::runtime_error("nothing happened for too long");
}

/// Gives its pieces, then waits for its end, or throws.
class ScriptedStream final : public control::BodyStream {
  public:
    ScriptedStream(asio::any_io_executor worker, std::vector<std::string> pieces, std::promise<void>* ended)
      : timer_(std::move(worker), asio::steady_timer::time_point::max())
      , pieces_(std::move(pieces))
      , ended_(ended) {}

    awaitable<std::string> next() override {
        if (at_ < pieces_.size()) co_return pieces_[at_++];
        if (ended_ == nullptr) throw std::runtime_error("the disk is on fire");
        error_code ec;
        if (!closed_) co_await timer_.async_wait(into(ec));
        co_return std::string();
    }
    void close() override {
        if (std::exchange(closed_, true)) return;
        timer_.cancel();
        if (ended_ != nullptr) ended_->set_value();
    }

  private:
    asio::steady_timer timer_;
    std::vector<std::string> pieces_;
    std::promise<void>* ended_;
    std::size_t at_{0};
    bool closed_{false};
};

} // namespace

Gate::Gate(asio::any_io_executor worker)
  : timer_(std::move(worker), asio::steady_timer::time_point::max()) {}

awaitable<void> Gate::pass() {
    reached_.set_value();
    error_code ec;
    if (!open_) co_await timer_.async_wait(into(ec));
}

void Gate::open() {
    asio::post(timer_.get_executor(), [this] {
        open_ = true;
        timer_.cancel();
    });
}

bool Gate::reached() {
    return reached_.get_future().wait_for(patience) == std::future_status::ready;
}

HttpsWorld::HttpsWorld(control::HttpsServerOptions options) {
    file_content.resize(std::size_t{1} << 20U);
    for (std::size_t i = 0; i < file_content.size(); ++i)
        file_content[i] = static_cast<char>('a' + i * 7919 % 26);
    std::ofstream(folder / "file") << file_content;
    control::make_certificate(certificate, {"127.0.0.1", "two-path.test"}).value();

    add_routes();
    server_ = std::make_unique<control::HttpsServer>(executors_, control::server_tls(certificate).value(),
                                                     router_, options);
    const auto listen = [this] {
        server_->listen(tcp::endpoint(asio::ip::address_v4::loopback(), 0)).value();
        return server_->local_endpoint().port();
    };
    port_ = asio::post(executors_.network, asio::use_future(listen)).get();
}

void HttpsWorld::let_worker_go() {
    std::call_once(worker_goes_, [this] { worker_may_go_.set_value(); });
}

HttpsWorld::~HttpsWorld() {
    gate.open();
    let_worker_go();
    stop(std::chrono::milliseconds(0)).wait();
    // What an endpoint still does on the worker may need the network.
    std::promise<void> ended;
    worker_.finish([&] { ended.set_value(); });
    ended.get_future().wait();
}

void HttpsWorld::add_routes() {
    const auto echo = [this](Request& request) -> awaitable<Response> {
        std::call_once(echo_begins_, [this] { echo_began_.set_value(); });
        auto body = co_await request.body->all(64 * 1024);
        if (!echoed_once_) echoed_.set_value(body ? "ok" : std::string(info(body.error().code).reason));
        echoed_once_ = true;
        if (!body) co_return Response::of(body.error(), request.id);
        co_return text(std::move(*body));
    };
    const auto gated = [this](Request&) -> awaitable<Response> {
        co_await gate.pass();
        co_return text("passed");
    };
    router_.add("GET", "/hello", [](Request&) -> awaitable<Response> { co_return text("hello"); });
    router_.add("POST", "/echo", echo);
    router_.add("POST", "/api/devices/v1/two-path/echo", echo);
    router_.add("GET", "/gate", gated);
    router_.add("GET", "/api/devices/v1/two-path/gate", gated);
    router_.add("POST", "/ignore", [](Request&) -> awaitable<Response> { co_return text("ignored"); });
    router_.add("GET", "/empty", [](Request&) -> awaitable<Response> { co_return Response::empty(204); });
    router_.add("GET", "/flood", [](Request&) -> awaitable<Response> {
        co_return text(std::string(std::size_t{1} << 20U, 'x'));
    });
    router_.add("GET", "/verify", [](Request& request) -> awaitable<Response> {
        co_return Response::empty(request.bearer().ends_with("good") ? 200 : 401);
    });
    router_.add("GET", "/limit", [this](Request&) -> awaitable<Response> {
        ++limited;
        auto response = Response::empty(429);
        response.headers["Retry-After"] = "1";
        co_return response;
    });
    router_.add("GET", "/throw", [](Request&) -> awaitable<Response> {
        throw std::runtime_error("the disk is on fire");
        co_return Response();
    });
    router_.add("GET", "/page", [](Request&) -> awaitable<Response> {
        auto page = text("<html>not here</html>");
        page.status = 404;
        page.headers["Content-Type"] = "text/html";
        co_return page;
    });
    const auto add_stream = [this](const char* path, std::vector<std::string> pieces,
                                   std::promise<void>* ended) {
        router_.add("GET", path, [this, pieces = std::move(pieces), ended](Request&) -> awaitable<Response> {
            Response response;
            response.stream = std::make_shared<ScriptedStream>(executors_.worker, pieces, ended);
            co_return response;
        });
    };
    add_stream("/stream", {"one", "two"}, &stream_ended_);
    add_stream("/broken-stream", {"one"}, nullptr);
    router_.add("GET", "/file", [this](Request& request) -> awaitable<Response> {
        co_return control::answer_with_file(request, open_body(folder / "file"), "application/octet-stream",
                                            "\"tag\"");
    });
    router_.add("GET", "/held-file", [this](Request& request) -> awaitable<Response> {
        // Behind the answer, which may take one more turn on the worker.
        const auto hold = [this] { worker_may_go_.get_future().wait(); };
        asio::post(executors_.worker, [this, hold] { asio::post(executors_.worker, hold); });
        co_return control::answer_with_file(request, open_body(folder / "file"), "application/octet-stream",
                                            "");
    });
    router_.add("GET", "/shrunk", [this](Request& request) -> awaitable<Response> {
        auto file = open_body(folder / "file");
        file.size += 1;
        co_return control::answer_with_file(request, std::move(file), "application/octet-stream", "");
    });
    router_.add("POST", "/count", [](Request& request) -> awaitable<Response> {
        std::vector<std::uint8_t> piece(5000);
        std::size_t total = 0;
        for (;;) {
            const auto count = co_await request.body->read(piece);
            if (!count) co_return Response::of(count.error(), request.id);
            if (*count == 0) co_return text(std::to_string(total));
            total += *count;
        }
    });
}

control::HttpsClientOptions HttpsWorld::client_options() const {
    control::HttpsClientOptions options;
    options.origin = {"127.0.0.1", port_};
    options.ca_file = certificate.certificate;
    return options;
}

std::future<void> HttpsWorld::stop(std::chrono::milliseconds grace) {
    return asio::co_spawn(executors_.network, server_->stop(grace), asio::use_future);
}

std::size_t HttpsWorld::connections() {
    const auto count = [this] { return server_->connections(); };
    return asio::post(executors_.network, asio::use_future(count)).get();
}

bool HttpsWorld::settles_at(std::size_t expected) {
    const auto end = std::chrono::steady_clock::now() + patience;
    while (connections() != expected) {
        if (std::chrono::steady_clock::now() > end) return false;
        std::this_thread::yield();
    }
    return true;
}

bool HttpsWorld::echo_began() {
    return echo_began_.get_future().wait_for(patience) == std::future_status::ready;
}

std::string HttpsWorld::echo_outcome() {
    auto outcome = echoed_.get_future();
    return outcome.wait_for(patience) == std::future_status::ready ? outcome.get() : "nothing";
}

bool HttpsWorld::stream_was_ended() {
    return stream_ended_.get_future().wait_for(patience) == std::future_status::ready;
}

std::string RawAnswer::field(std::string_view name) const {
    const auto at = head.find("\r\n" + std::string(name) + ": ");
    if (at == std::string::npos) return {};
    const auto begin = at + name.size() + 4;
    return head.substr(begin, head.find("\r\n", begin) - begin);
}

struct RawClient::Parts {
    asio::io_context loop{1};
    asio::ssl::context tls{asio::ssl::context::tls_client};
    std::unique_ptr<asio::ssl::stream<tcp::socket>> stream;
    std::string received;

    /// One operation, with a bound.
    template<class Start>
    error_code run(Start start) {
        bool done = false;
        error_code result;
        start([&](const error_code& ec, auto&&...) {
            result = ec;
            done = true;
        });
        run_until(loop, done);
        return result;
    }
    error_code read_some() {
        std::array<char, 16 * 1024> part{};
        std::size_t count = 0;
        const auto ec = run([&](auto done) {
            stream->async_read_some(asio::buffer(part),
                                    [&, done](const error_code& error, std::size_t size) mutable {
                                        count = size;
                                        done(error);
                                    });
        });
        received.append(part.data(), count);
        return ec;
    }
};

RawClient::RawClient(const HttpsWorld& world, int max_version)
  : parts_(std::make_unique<Parts>()) {
    auto& tls = parts_->tls;
    tls.load_verify_file(world.certificate.certificate.string());
    tls.set_verify_mode(asio::ssl::verify_peer);
    if (max_version != 0) {
        // Debian's security level would keep this client from even trying.
        SSL_CTX_set_security_level(tls.native_handle(), 0);
        SSL_CTX_set_cipher_list(tls.native_handle(), "ALL:@SECLEVEL=0");
        SSL_CTX_set_min_proto_version(tls.native_handle(), 0);
        SSL_CTX_set_max_proto_version(tls.native_handle(), max_version);
    }
    tcp::socket socket(parts_->loop);
    socket.connect(tcp::endpoint(asio::ip::address_v4::loopback(), world.port()));
    parts_->stream = std::make_unique<asio::ssl::stream<tcp::socket>>(std::move(socket), tls);
    const auto ec = parts_->run(
        [&](auto done) { parts_->stream->async_handshake(asio::ssl::stream_base::client, done); });
    if (ec) throw std::runtime_error(ec.message());
}

RawClient::~RawClient() = default;

void RawClient::send(std::string_view bytes) {
    const auto ec =
        parts_->run([&](auto done) { asio::async_write(*parts_->stream, asio::buffer(bytes), done); });
    if (ec) throw std::runtime_error("sending: " + ec.message());
}

RawAnswer RawClient::receive(bool with_body) {
    auto& received = parts_->received;
    const auto have = [&](auto enough) {
        while (!enough())
            if (const auto ec = parts_->read_some()) throw std::runtime_error("receiving: " + ec.message());
    };
    have([&] { return received.find("\r\n\r\n") != std::string::npos; });
    RawAnswer answer;
    answer.head = received.substr(0, received.find("\r\n\r\n") + 4);
    received.erase(0, answer.head.size());
    answer.status = static_cast<unsigned>(std::stoul(answer.head.substr(9, 3)));
    const auto length = answer.field("Content-Length");
    const auto size = with_body && !length.empty() ? std::stoul(length) : 0;
    have([&] { return received.size() >= size; });
    answer.body = received.substr(0, size);
    received.erase(0, size);
    return answer;
}

std::string RawClient::receive_bytes(std::size_t count) {
    auto& received = parts_->received;
    while (received.size() < count)
        if (const auto ec = parts_->read_some()) throw std::runtime_error("receiving: " + ec.message());
    auto bytes = received.substr(0, count);
    received.erase(0, count);
    return bytes;
}

RawAnswer RawClient::ask(std::string_view request) {
    send(request);
    return receive(request.substr(0, 5) != "HEAD ");
}

bool RawClient::is_closed() {
    if (!parts_->received.empty()) return false;
    const auto ec = parts_->read_some();
    return ec && parts_->received.empty();
}

struct PlainClient::Parts {
    asio::io_context loop{1};
    tcp::socket socket{loop};
};

PlainClient::PlainClient(std::uint16_t port)
  : parts_(std::make_unique<Parts>()) {
    parts_->socket.connect(tcp::endpoint(asio::ip::address_v4::loopback(), port));
}

PlainClient::~PlainClient() = default;

void PlainClient::send(std::string_view bytes) {
    asio::write(parts_->socket, asio::buffer(bytes));
}

std::string PlainClient::receive_all() {
    std::string all;
    bool done = false;
    asio::async_read(parts_->socket, asio::dynamic_buffer(all),
                     [&](const error_code&, std::size_t) { done = true; });
    run_until(parts_->loop, done);
    return all;
}

CaughtLog::CaughtLog() {
    if (::pipe2(pipe_, O_CLOEXEC | O_NONBLOCK) != 0) throw std::runtime_error("no pipe");
    log_to(pipe_[1]);
}

CaughtLog::~CaughtLog() {
    log_to(STDERR_FILENO);
    ::close(pipe_[0]);
    ::close(pipe_[1]);
}

bool CaughtLog::read_more(int wait_ms) {
    pollfd waiting{pipe_[0], POLLIN, 0};
    if (::poll(&waiting, 1, wait_ms) <= 0) return false;
    std::array<char, 4096> part{};
    const auto count = ::read(pipe_[0], part.data(), part.size());
    if (count <= 0) return false;
    text_.append(part.data(), static_cast<std::size_t>(count));
    return true;
}

std::string CaughtLog::line_with(std::string_view text) {
    for (;;) {
        const auto at = text_.find(text);
        if (at != std::string::npos && text_.find('\n', at) != std::string::npos) {
            const auto begin = text_.rfind('\n', at) + 1;
            return text_.substr(begin, text_.find('\n', at) - begin);
        }
        const auto wait = std::chrono::duration_cast<std::chrono::milliseconds>(patience).count();
        if (!read_more(static_cast<int>(wait))) return {};
    }
}

const std::string& CaughtLog::all() {
    while (read_more(0)) {
    }
    return text_;
}

} // namespace two_path::tests
