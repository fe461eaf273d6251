/// Accepts TCP connections within limits, and goes on accepting whatever happens.
#pragma once

#include "plugin/executors.hpp"
#include "protocol/error.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>

namespace two_path::control {

struct ConnectionLimits {
    std::size_t in_all{2000};
    std::size_t per_address{200}; ///< of one IPv4 address, or one IPv6 network of 64 bits
};

/// conflict: another program has the address, which may end; else bad_configuration.
[[nodiscard]] Errc reason_not_to_listen(const boost::system::error_code& ec);

/// Everything runs on one executor that one thread serves. Owned by a shared_ptr, and by its connections.
class Listener : public std::enable_shared_from_this<Listener> {
  public:
    /// What becomes of a connection; it has ended when this completes. Exceptions are logged.
    using Serve = std::function<awaitable<void>(boost::asio::ip::tcp::socket)>;

    Listener(const boost::asio::any_io_executor& executor, ConnectionLimits limits, Serve serve);
    Listener(const Listener&) = delete;
    Listener& operator=(const Listener&) = delete;

    /// Binds and accepts from now on. An IPv6 any-address serves IPv4 as well, and alone where there is no
    /// IPv6. Once per listener. reason_not_to_listen(), with address, port and the system's message.
    [[nodiscard]] Result<void> listen(const boost::asio::ip::tcp::endpoint& endpoint);
    /// The first half of listen(): takes the address without accepting anything.
    [[nodiscard]] Result<void> bind(const boost::asio::ip::tcp::endpoint& endpoint);
    /// Where it listens.
    [[nodiscard]] boost::asio::ip::tcp::endpoint local_endpoint() const;
    [[nodiscard]] std::size_t connections() const noexcept { return connections_; }

    /// Accepts no more. Running connections go on.
    void close();
    /// After close(): completes when no connection is left (true), or when `time` has passed (false). One
    /// caller at a time.
    awaitable<bool> drained(std::chrono::milliseconds time);

  private:
    /// A connection's place, given back when destroyed.
    class Place;

    static awaitable<void> accept(std::shared_ptr<Listener> self);
    static awaitable<void> serve(std::unique_ptr<Place> place, boost::asio::ip::tcp::socket socket);
    boost::system::error_code open(const boost::asio::ip::tcp::endpoint& endpoint);
    void begin(boost::asio::ip::tcp::socket socket);
    void leave(const boost::asio::ip::address& source) noexcept;

    boost::asio::ip::tcp::acceptor acceptor_;
    boost::asio::steady_timer pause_;
    boost::asio::steady_timer emptied_;
    ConnectionLimits limits_;
    Serve serve_;
    std::size_t connections_{0};
    std::map<boost::asio::ip::address, std::size_t> per_source_;
    bool accepting_{false};
};

} // namespace two_path::control
