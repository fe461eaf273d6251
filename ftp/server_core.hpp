/// What a server's connections share.
#pragma once

#include "ftp/login_failures.hpp"
#include "ftp/server.hpp"

#include <array>
#include <map>
#include <unordered_set>

namespace two_path::ftp {

class Connection;

/// Kept alive by the server and by each connection.
class ServerCore : public std::enable_shared_from_this<ServerCore> {
  public:
    ServerCore(asio::any_io_executor executor, Service& service, ServerOptions options);

    error_code listen(const tcp::endpoint& endpoint);
    awaitable<void> stop(milliseconds grace);
    /// Closes everything without a word.
    void abandon();
    void left(Connection& connection);
    /// Of what a login means for others.
    void logged_in(Connection& connection);
    /// Whether the peer has now failed too often.
    bool login_failed(const Connection& connection);
    /// The one session, which this connection was, is over.
    void session_over(Connection& connection);

    const asio::any_io_executor executor;
    const ServerOptions options;
    tcp::acceptor acceptor;
    std::unordered_set<Connection*> connections;
    std::array<char, 1024> scratch{}; ///< one read at a time: there is one thread

  private:
    awaitable<void> accept();
    void admit(tcp::socket socket);
    void close_all_but(Connection& connection, const std::string& why);

    Service& service_;
    asio::steady_timer timer_; ///< between failed accepts; in `stop`, until the last connection has left
    std::map<asio::ip::address, std::size_t> per_peer_;
    LoginFailures failures_;
    bool stopping_ = false;
};

} // namespace two_path::ftp
