#include "ftp/data_channel.hpp"

#include "ftp/socket.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <random>
#include <sys/ioctl.h>

namespace two_path::ftp {
namespace {

constexpr int backlog = 8;

} // namespace

DataChannel::DataChannel(const asio::any_io_executor& executor, const ServerOptions& options,
                         std::function<void()> changed)
  : options_(options)
  , changed_(std::move(changed))
  , acceptor_(executor)
  , socket_(executor)
  , sender_(socket_, {options.data_progress_time, options.least_rate})
  , pause_(executor, asio::steady_timer::time_point::max())
  , deadline_(executor, [this] { expire(); }) {}

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

void DataChannel::order(Visitor& visitor) {
    visitor_ = &visitor;
    pause_.cancel();
}

void DataChannel::send(Source source, std::uint64_t offset, Visitor& visitor) {
    source_ = std::move(source);
    offset_ = offset;
    order(visitor);
}

void DataChannel::receive(Incoming incoming, Visitor& visitor) {
    incoming_ = std::move(incoming);
    order(visitor);
}

void DataChannel::pace(std::uint64_t bytes_per_second) {
    rate_ = bytes_per_second;
    if (socket_.is_open()) set_rate(socket_, rate_);
}

void DataChannel::stop() {
    if (state_ == State::sending) return sender_.stop(source_.granularity);
    stopped_ = true;
    interrupt();
}

void DataChannel::cut() {
    if (!receiving()) changed_ = nullptr;
    interrupt();
}

/// Nothing has come for too long, although it could have.
bool DataChannel::silent() const noexcept {
    tcp_info info{};
    socklen_t size = sizeof info;
    int unread = 0;
    const int fd = const_cast<tcp::socket&>(socket_).native_handle();
    if (::getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) != 0 || ::ioctl(fd, FIONREAD, &unread) != 0)
        return true;
    return info.tcpi_state == TCP_ESTABLISHED && unread == 0 &&
           milliseconds(info.tcpi_last_data_recv) >= options_.data_progress_time;
}

void DataChannel::expire() {
    // While the visitor has the connection, only the kernel knows when the client last sent.
    if (receiving() && !silent()) return deadline_.expires_after(options_.data_progress_time / 2);
    interrupt();
}

void DataChannel::interrupt() {
    interrupted_ = true;
    error_code ec;
    acceptor_.close(ec);
    if (state_ == State::sending)
        sender_.interrupt();
    else if (receiving()) // a close here would not end the visitor's duplicate
        socket_.shutdown(tcp::socket::shutdown_both, ec);
    else if (socket_.is_open())
        reset(socket_);
    pause_.cancel();
    deadline_.cancel();
}

awaitable<void> DataChannel::run() {
    auto end = DataEnd::failed;
    try {
        end = co_await serve();
    } catch (...) { // the visitor's own trouble
    }
    if (connected()) state_ = State::over;
    error_code ec;
    if (end == DataEnd::whole || end == DataEnd::stopped) socket_.close(ec);
    interrupt(); // what is still open is not to be trusted any more
    source_.file = Descriptor();
    ended_ = stopped_ && end != DataEnd::whole ? DataEnd::stopped : end;
    if (changed_) changed_();
}

awaitable<DataEnd> DataChannel::serve() {
    const bool there = co_await accept();
    if (!there) co_return DataEnd::no_connection;
    while (visitor_ == nullptr && !interrupted_) {
        error_code ec;
        co_await pause_.async_wait(into(ec));
    }
    if (interrupted_) co_return DataEnd::no_connection;
    state_ = incoming_ ? State::receiving : State::sending;
    if (changed_) changed_();
    auto transfer = incoming_ ? hand_over() : send_file();
    co_return co_await std::move(transfer);
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
        if (rate_ != 0) set_rate(socket_, rate_);
        co_return !ec;
    }
    co_return false;
}

awaitable<DataEnd> DataChannel::send_file() {
    deadline_.cancel(); // the sender has its own
    const FilePart part{source_.file.get(), offset_, source_.size};
    const std::function<void(std::uint64_t)> sent = [this](std::uint64_t bytes) { visitor_->sent(bytes); };
    co_return co_await sender_.send(part, sent);
}

awaitable<DataEnd> DataChannel::hand_over() {
    const auto offset = incoming_->offset;
    const auto size = incoming_->size;
    const auto exact = incoming_->exact;
    deadline_.expires_after(options_.data_progress_time);
    error_code ec;
    socket_.native_non_blocking(false, ec);
    incoming_->data = Descriptor(::fcntl(socket_.native_handle(), F_DUPFD_CLOEXEC, 0));
    if (!incoming_->data) co_return DataEnd::failed;
    const auto received = co_await visitor_->receive(std::move(*incoming_));
    if (received.end != DataEnd::whole) co_return received.end;
    // An owner who counts wrong must not make us say 226.
    if (received.bytes > size - offset) co_return DataEnd::too_long;
    co_return exact&& received.bytes < size - offset ? DataEnd::broken : DataEnd::whole;
}

} // namespace two_path::ftp
