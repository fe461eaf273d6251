#include "ftp/data_channel.hpp"

#include "ftp/socket.hpp"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <cerrno>
#include <fcntl.h>
#include <linux/sockios.h>
#include <random>
#include <sys/ioctl.h>
#include <sys/sendfile.h>

namespace two_path::ftp {
namespace {

constexpr std::uint64_t piece = 1U << 20; // one sendfile; other connections get their turn in between
constexpr int backlog = 8;

} // namespace

DataChannel::DataChannel(const asio::any_io_executor& executor, const ServerOptions& options,
                         std::function<void()> changed)
  : options_(options)
  , changed_(std::move(changed))
  , acceptor_(executor)
  , socket_(executor)
  , pause_(executor, asio::steady_timer::time_point::max())
  , deadline_(executor, [this] { interrupt(); }) {}

bool DataChannel::bind(const asio::ip::address& address, std::uint16_t port) {
    const tcp::endpoint endpoint(address, port);
    error_code ec;
    acceptor_.open(endpoint.protocol(), ec);
    if (!ec) acceptor_.set_option(tcp::acceptor::reuse_address(true), ec);
    if (!ec) acceptor_.bind(endpoint, ec);
    if (!ec) acceptor_.listen(backlog, ec);
    if (!ec) return true;
    acceptor_.close(ec);
    return false;
}

std::optional<tcp::endpoint> DataChannel::listen(const Peer& peer) {
    owner_ = peer.remote.address();
    std::uint16_t first = 0;
    unsigned count = 1;
    if (options_.passive_ports) {
        first = options_.passive_ports->first;
        count = options_.passive_ports->last - first + 1U;
    }
    // A random start: ports just used are in TIME_WAIT, and the next one should not be easy to guess.
    const auto start = std::random_device()() % count;
    for (unsigned i = 0; i < count; ++i) {
        if (!bind(peer.local.address(), static_cast<std::uint16_t>(first + (start + i) % count))) continue;
        error_code ec;
        const auto endpoint = acceptor_.local_endpoint(ec);
        deadline_.expires_after(options_.data_connect_time);
        asio::co_spawn(
            acceptor_.get_executor(), [self = shared_from_this()] { return self->run(); }, asio::detached);
        return endpoint;
    }
    return std::nullopt;
}

void DataChannel::send(Source source, std::uint64_t offset, Visitor& visitor) {
    source_ = std::move(source);
    position_ = offset;
    end_ = source_.size;
    visitor_ = &visitor;
    ordered_ = true;
    pause_.cancel();
}

void DataChannel::stop() {
    stopping_ = true;
    if (!sending_) return interrupt();
    const auto block = std::max<std::uint64_t>(source_.granularity, 1);
    const auto beyond = position_ % block;
    if (beyond != 0) end_ = std::min(end_, position_ + (block - beyond));
    if (beyond == 0) end_ = position_;
}

void DataChannel::cut() {
    changed_ = nullptr;
    visitor_ = nullptr;
    interrupt();
}

void DataChannel::interrupt() {
    interrupted_ = true;
    error_code ec;
    acceptor_.close(ec);
    if (socket_.is_open()) reset(socket_);
    pause_.cancel();
    deadline_.cancel();
}

awaitable<void> DataChannel::run() {
    const auto end = co_await serve();
    interrupt(); // what is still open is not to be trusted any more
    source_.file = Descriptor();
    ended_ = end;
    if (changed_) changed_();
}

awaitable<DataEnd> DataChannel::serve() {
    const bool there = co_await accept();
    if (!there) co_return DataEnd::no_connection;
    while (!ordered_ && !interrupted_) {
        error_code ec;
        co_await pause_.async_wait(into(ec));
    }
    if (interrupted_) co_return DataEnd::no_connection;

    sending_ = true;
    if (changed_) changed_();
    const auto end = co_await send_file();
    if (end != DataEnd::sent && end != DataEnd::stopped) co_return end;
    const auto drained = co_await drain();
    co_return drained == DataEnd::sent ? end : drained;
}

awaitable<bool> DataChannel::accept() {
    while (!interrupted_) {
        error_code ec;
        tcp::socket candidate(acceptor_.get_executor());
        tcp::endpoint from;
        co_await acceptor_.async_accept(candidate, from, into(ec));
        if (interrupted_) break;
        if (ec == asio::error::connection_aborted) continue;
        if (ec) break;
        if (options_.same_data_peer && unmapped(from).address() != owner_) continue;
        socket_ = std::move(candidate);
        acceptor_.close(ec);
        socket_.native_non_blocking(true, ec);
        set_options(socket_, options_.unacknowledged_time);
        co_return !ec;
    }
    co_return false;
}

awaitable<DataEnd> DataChannel::send_file() {
    static_cast<void>(::posix_fadvise(source_.file.get(), 0, 0, POSIX_FADV_SEQUENTIAL));
    while (position_ < end_) {
        auto at = static_cast<off_t>(position_);
        const auto count = static_cast<std::size_t>(std::min(end_ - position_, piece));
        const auto sent = ::sendfile(socket_.native_handle(), source_.file.get(), &at, count);
        if (sent > 0) {
            position_ += static_cast<std::uint64_t>(sent);
            visitor_->sent(static_cast<std::uint64_t>(sent));
            deadline_.expires_after(options_.data_progress_time);
        } else if (sent < 0 && (errno == EPIPE || errno == ECONNRESET || errno == ETIMEDOUT)) {
            co_return DataEnd::broken;
        } else if (sent == 0 || (errno != EAGAIN && errno != EINTR)) {
            co_return DataEnd::failed; // 0: the file is shorter than it was
        }
        error_code ec;
        co_await socket_.async_wait(tcp::socket::wait_write, into(ec));
        if (interrupted_ || ec) co_return DataEnd::broken;
    }
    co_return stopping_&& end_ < source_.size ? DataEnd::stopped : DataEnd::sent;
}

awaitable<DataEnd> DataChannel::drain() {
    error_code ec;
    socket_.shutdown(tcp::socket::shutdown_send, ec);
    deadline_.expires_after(options_.data_progress_time);
    // Whether all has arrived is known when the kernel's buffer is empty; nothing tells us, so we look.
    int before = -1;
    milliseconds wait{1};
    for (;;) {
        int error = 0;
        socklen_t size = sizeof error;
        int unsent = 0;
        if (::getsockopt(socket_.native_handle(), SOL_SOCKET, SO_ERROR, &error, &size) != 0 || error != 0 ||
            ::ioctl(socket_.native_handle(), SIOCOUTQ, &unsent) != 0)
            co_return DataEnd::broken;
        if (unsent == 0) break;
        if (unsent != before) deadline_.expires_after(options_.data_progress_time);
        before = unsent;
        pause_.expires_after(wait);
        co_await pause_.async_wait(into(ec));
        if (interrupted_) co_return DataEnd::broken;
        wait = std::min(2 * wait, milliseconds{50});
    }
    socket_.close(ec);
    co_return DataEnd::sent;
}

} // namespace two_path::ftp
