#include "update-module/bulk/ftp_child.hpp"

#include "ftp/client.hpp"
#include "update-module/bulk/connection_helper.hpp"
#include "update-module/bulk/connection_messages.hpp"
#include "update-module/bulk/packet_socket.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/this_coro.hpp>

#include <exception>
#include <memory>
#include <optional>
#include <string>

namespace two_path::bulk {
namespace {

using ftp::awaitable;
using ftp::error_code;
using ftp::tcp;
using ftp::asio::io_context;

ConnectionEvent failed(const std::string& why, int code = 0) {
    ConnectionEvent event;
    event.code = static_cast<std::uint16_t>(code);
    event.text = PacketText(why);
    return event;
}

ConnectionEvent failed(const ftp::Failure& failure) {
    const bool refused = failure.error == ftp::Errc::refused;
    return failed(failure.message(), refused ? failure.reply.code : 0);
}

ConnectionEvent said(ConnectionEvent::Kind kind, std::uint64_t number = 0, std::string_view text = {}) {
    ConnectionEvent event;
    event.kind = kind;
    event.number = number;
    event.text = PacketText(text);
    return event;
}

/// One connection: an order, an event, in turn.
class Child {
  public:
    explicit Child(ftp::Descriptor socket)
      : socket_(std::move(socket)) {}

    awaitable<void> serve();

  private:
    std::optional<ConnectionOrder> next();
    awaitable<ConnectionEvent> connect(ConnectionOrder order);
    awaitable<ConnectionEvent> login(std::string user);
    awaitable<std::optional<std::string>> ask(std::string challenge);
    awaitable<ConnectionEvent> size(std::string name);
    awaitable<ConnectionEvent> fetch(std::string name, std::uint64_t offset);
    awaitable<ConnectionEvent> finish();
    awaitable<ConnectionEvent> quit();

    ftp::Descriptor socket_;
    Deadline end_{Deadline::in(first_order_time)};
    std::unique_ptr<ftp::Client> client_;
    ftp::Descriptor data_; ///< on its way to the module
};

std::optional<ConnectionOrder> Child::next() {
    ConnectionOrder order;
    ftp::Descriptor none;
    if (receive_packet(socket_.get(), order, none, end_) != Receipt::packet) return std::nullopt;
    return order;
}

awaitable<ConnectionEvent> Child::connect(ConnectionOrder order) {
    end_ = Deadline::in(milliseconds(order.lifetime_ms));
    const milliseconds silence(order.silence_ms);
    ftp::ClientOptions options;
    options.connect_time = milliseconds(order.connect_ms);
    options.banner_time = std::min(options.banner_time, silence);
    options.reply_time = silence;
    options.login_time = 2 * silence;
    options.unacknowledged_time = silence;

    error_code ec;
    const auto address = ftp::asio::ip::make_address(order.text.text(), ec);
    if (ec) co_return failed("no address");
    const auto executor = co_await ftp::asio::this_coro::executor;
    client_ = std::make_unique<ftp::Client>(executor, options);
    const auto connected = co_await client_->connect(tcp::endpoint(address, order.port));
    if (connected) co_return said(ConnectionEvent::Kind::connected);
    client_.reset();
    co_return failed(connected.error().message());
}

/// The module's answer to the challenge: it has the secret, this process has not.
awaitable<std::optional<std::string>> Child::ask(std::string challenge) {
    if (!send_packet(socket_.get(), said(ConnectionEvent::Kind::challenge, 0, challenge)))
        co_return std::nullopt;
    const auto order = next();
    if (!order || order->kind != ConnectionOrder::Kind::answer) co_return std::nullopt;
    co_return order->text.text();
}

awaitable<ConnectionEvent> Child::login(std::string user) {
    const ftp::Client::Answer answer = [this](std::string challenge) { return ask(std::move(challenge)); };
    const auto done = co_await client_->login(std::move(user), answer);
    if (!done) co_return failed(done.error());
    co_return said(ConnectionEvent::Kind::logged_in);
}

awaitable<ConnectionEvent> Child::size(std::string name) {
    const auto size = co_await client_->size(std::move(name));
    if (!size) co_return failed(size.error());
    co_return said(ConnectionEvent::Kind::size, *size);
}

awaitable<ConnectionEvent> Child::fetch(std::string name, std::uint64_t offset) {
    auto data = co_await client_->retrieve(std::move(name), offset);
    if (!data) co_return failed(data.error());
    data_ = std::move(*data);
    co_return said(ConnectionEvent::Kind::data);
}

awaitable<ConnectionEvent> Child::finish() {
    const auto done = co_await client_->finish();
    if (!done) co_return failed(done.error());
    co_return said(ConnectionEvent::Kind::finished);
}

awaitable<ConnectionEvent> Child::quit() {
    co_await client_->quit();
    co_return said(ConnectionEvent::Kind::finished);
}

awaitable<void> Child::serve() {
    for (;;) {
        const auto order = next();
        if (!order) break;
        auto event = failed("an order out of turn");
        const auto text = order->text.text();
        if (order->kind == ConnectionOrder::Kind::connect && !client_)
            event = co_await connect(*order);
        else if (!client_)
            break;
        else if (order->kind == ConnectionOrder::Kind::login)
            event = co_await login(text);
        else if (order->kind == ConnectionOrder::Kind::size)
            event = co_await size(text);
        else if (order->kind == ConnectionOrder::Kind::fetch)
            event = co_await fetch(text, order->number);
        else if (order->kind == ConnectionOrder::Kind::finish)
            event = co_await finish();
        else if (order->kind == ConnectionOrder::Kind::quit)
            event = co_await quit();
        if (!send_packet(socket_.get(), event, data_.get())) break;
        data_ = ftp::Descriptor();
    }
}

} // namespace

int run_ftp_child(ftp::Descriptor socket) noexcept {
    try {
        io_context loop(1);
        Child child(std::move(socket));
        std::exception_ptr failure;
        const auto ended = [&failure](std::exception_ptr thrown) { failure = std::move(thrown); };
        ftp::asio::co_spawn(loop, child.serve(), ended);
        loop.run();
        return failure ? 1 : 0;
    } catch (...) {
        return 1;
    }
}

} // namespace two_path::bulk
