#include "plugin/control/stream_sender.hpp"

#include "plugin/log.hpp"
#include "protocol/encoding.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>

#include <exception>
#include <string>
#include <utility>

namespace two_path::control {
namespace asio = boost::asio;
using boost::system::error_code;
using std::chrono::steady_clock;

namespace {

/// A stream that fails has ended.
awaitable<std::string> next_piece(std::shared_ptr<BodyStream> body) {
    try {
        co_return co_await body->next();
    } catch (const std::exception& thrown) {
        log(Level::error, std::string("a stream failed: ") + thrown.what());
    }
    co_return std::string();
}

} // namespace

StreamSender::StreamSender(Executors executors, HttpsStream& stream)
  : executors_(std::move(executors))
  , stream_(stream)
  , departure_(executors_.network) {}

awaitable<bool> StreamSender::send(std::shared_ptr<BodyStream> body, std::shared_ptr<void> owner) {
    body_ = body;
    if (ended_) close_body();
    watched_ = true;
    auto left = [this, owner = std::move(owner)](const std::exception_ptr& error, bool gone) {
        departed(gone || error);
    };
    asio::co_spawn(executors_.network, stream_.departure(), std::move(left));

    bool sent = true;
    while (sent) {
        auto next = next_piece(body);
        const auto piece = co_await asio::co_spawn(executors_.worker, std::move(next), asio::use_awaitable);
        if (piece.empty()) break;
        sent = co_await stream_.send(bytes_of(piece));
    }
    close_body();
    if (watched_) stream_.cancel();
    departure_.expires_at(steady_clock::time_point::max());
    error_code ec;
    while (watched_)
        co_await departure_.async_wait(into(ec));
    co_return sent;
}

void StreamSender::end() {
    ended_ = true;
    close_body();
}

void StreamSender::departed(bool left) {
    watched_ = false;
    if (left) close_body();
    departure_.cancel();
}

void StreamSender::close_body() {
    if (!body_) return;
    asio::post(executors_.worker, [body = std::move(body_)] { body->close(); });
    body_.reset();
}

} // namespace two_path::control
