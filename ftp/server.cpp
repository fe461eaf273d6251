#include "ftp/server.hpp"

#include "ftp/connection.hpp"
#include "ftp/reply.hpp"
#include "ftp/socket.hpp"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

namespace two_path::ftp {
namespace {

constexpr milliseconds accept_pause{100}; // when descriptors have run out

/// Refuses a connection that has no `Connection`.
void turn_away(tcp::socket& socket, std::string_view why) {
    error_code ec;
    socket.write_some(asio::buffer(print_reply(421, why)), ec);
}

} // namespace

ServerCore::ServerCore(asio::any_io_executor executor_, Service& service, ServerOptions options_)
  : executor(std::move(executor_))
  , options(std::move(options_))
  , acceptor(executor)
  , service_(service)
  , timer_(executor)
  , failures_(options.max_login_failures_per_peer, options.login_failure_age) {}

error_code ServerCore::listen(const tcp::endpoint& endpoint) {
    const auto& ports = options.passive_ports;
    if (ports && (ports->first == 0 || ports->first > ports->last)) return asio::error::invalid_argument;
    error_code ec;
    acceptor.open(endpoint.protocol(), ec);
    if (!ec) acceptor.set_option(tcp::acceptor::reuse_address(true), ec);
    if (!ec) acceptor.bind(endpoint, ec);
    if (!ec) acceptor.listen(asio::socket_base::max_listen_connections, ec);
    if (ec) return ec;
    asio::co_spawn(
        executor, [self = shared_from_this()] { return self->accept(); }, asio::detached);
    return {};
}

awaitable<void> ServerCore::accept() {
    while (acceptor.is_open()) {
        error_code ec;
        tcp::socket socket(executor);
        co_await acceptor.async_accept(socket, into(ec));
        if (!ec) {
            admit(std::move(socket));
        } else if (acceptor.is_open() && ec != asio::error::connection_aborted) {
            timer_.expires_after(accept_pause);
            co_await timer_.async_wait(into(ec));
        }
    }
}

void ServerCore::admit(tcp::socket socket) {
    if (!acceptor.is_open()) return turn_away(socket, "The server stops.");
    error_code ec;
    Peer peer;
    peer.remote = unmapped(socket.remote_endpoint(ec));
    if (!ec) peer.local = unmapped(socket.local_endpoint(ec));
    if (!ec) socket.non_blocking(true, ec);
    if (ec) return; // it has gone again
    const auto& allowed = options.only_from;
    const bool stranger = std::find(allowed.begin(), allowed.end(), peer.remote.address()) == allowed.end();
    if (!allowed.empty() && stranger) return reset(socket);
    if (failures_.barred(peer.remote.address(), std::chrono::steady_clock::now()))
        return turn_away(socket, "Too many failed logins.");
    if (connections.size() >= options.max_connections) return turn_away(socket, "Too many connections.");
    const auto known = per_peer_.find(peer.remote.address());
    if (known != per_peer_.end() && known->second >= options.max_connections_per_peer)
        return turn_away(socket, "Too many connections from your address.");

    set_options(socket, options.unacknowledged_time);
    const auto connection = std::make_shared<Connection>(shared_from_this(), std::move(socket), peer);
    auto visitor = service_.connected(peer, ConnectionHandle(connection));
    if (!visitor) return connection->refuse("Not now.");
    connections.insert(connection.get());
    ++per_peer_[peer.remote.address()];
    connection->start(std::move(visitor));
}

void ServerCore::left(Connection& connection) {
    if (connections.erase(&connection) == 0) return;
    const auto known = per_peer_.find(connection.peer().remote.address());
    if (--known->second == 0) per_peer_.erase(known);
    if (stopping_ && connections.empty()) timer_.cancel();
}

void ServerCore::logged_in(Connection& connection) {
    if (options.one_session) close_all_but(connection, "A newer login took the place.");
}

bool ServerCore::login_failed(const Connection& connection) {
    const auto now = std::chrono::steady_clock::now();
    failures_.add(connection.peer().remote.address(), now);
    return failures_.barred(connection.peer().remote.address(), now);
}

void ServerCore::session_over(Connection& connection) {
    if (!options.one_session) return;
    error_code ec;
    acceptor.close(ec);
    close_all_but(connection, "The session is over.");
}

void ServerCore::close_all_but(Connection& connection, const std::string& why) {
    for (auto* other : connections)
        if (other != &connection) other->close(why);
}

awaitable<void> ServerCore::stop(milliseconds grace) {
    const auto self = shared_from_this();
    error_code ec;
    stopping_ = true;
    acceptor.close(ec);
    for (auto* connection : connections)
        connection->stop();
    timer_.expires_after(grace);
    if (!connections.empty()) {
        co_await timer_.async_wait(into(ec));
    }
    abandon();
    // What is left waits for a visitor's answer.
    timer_.expires_at(asio::steady_timer::time_point::max());
    while (!connections.empty())
        co_await timer_.async_wait(into(ec));
}

void ServerCore::abandon() {
    error_code ec;
    acceptor.close(ec);
    for (auto* connection : connections)
        connection->abandon();
}

Server::Server(asio::any_io_executor executor, Service& service, ServerOptions options)
  : core_(std::make_shared<ServerCore>(std::move(executor), service, std::move(options))) {
    ignore_broken_pipes();
}

Server::~Server() {
    core_->abandon();
}

error_code Server::listen(const tcp::endpoint& endpoint) {
    return core_->listen(endpoint);
}

bool Server::listens() const noexcept {
    return core_->acceptor.is_open();
}

tcp::endpoint Server::local_endpoint() const {
    error_code ec;
    return core_->acceptor.local_endpoint(ec);
}

std::size_t Server::connections() const noexcept {
    return core_->connections.size();
}

awaitable<void> Server::stop(milliseconds grace) {
    co_await core_->stop(grace);
}

} // namespace two_path::ftp
