#include "plugin/control/listener.hpp"

#include "plugin/log.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/v6_only.hpp>

#include <algorithm>
#include <exception>
#include <string>
#include <utility>

namespace two_path::control {
namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
namespace {

/// After a failed accept: descriptors or memory may be free again then.
constexpr std::chrono::milliseconds accept_pause{200};

/// What one client can vary at will counts as one: an IPv6 host has a network of 64 bits.
asio::ip::address source_of(const asio::ip::address& address) {
    if (address.is_v4()) return address;
    auto v6 = address.to_v6();
    if (v6.is_v4_mapped()) return asio::ip::make_address_v4(asio::ip::v4_mapped, v6);
    auto bytes = v6.to_bytes();
    std::fill(bytes.begin() + 8, bytes.end(), static_cast<unsigned char>(0));
    return asio::ip::address_v6(bytes);
}

bool no_ipv6(const error_code& ec) {
    return ec == asio::error::address_family_not_supported ||
           ec == boost::system::errc::address_not_available;
}

std::string text_of(const tcp::endpoint& endpoint) {
    const auto address = endpoint.address().to_string();
    return (endpoint.address().is_v6() ? "[" + address + "]" : address) + ":" +
           std::to_string(endpoint.port());
}

} // namespace

Errc reason_not_to_listen(const error_code& ec) {
    return ec == asio::error::address_in_use ? Errc::conflict : Errc::bad_configuration;
}

class Listener::Place {
  public:
    Place(std::shared_ptr<Listener> listener, asio::ip::address source)
      : listener_(std::move(listener))
      , source_(std::move(source)) {}
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;
    ~Place() { listener_->leave(source_); }

    [[nodiscard]] const Serve& serve() const { return listener_->serve_; }
    [[nodiscard]] const asio::ip::address& source() const { return source_; }

  private:
    std::shared_ptr<Listener> listener_;
    asio::ip::address source_;
};

Listener::Listener(const asio::any_io_executor& executor, ConnectionLimits limits, Serve serve)
  : acceptor_(executor)
  , pause_(executor)
  , emptied_(executor)
  , limits_(limits)
  , serve_(std::move(serve)) {}

error_code Listener::open(const tcp::endpoint& endpoint) {
    error_code ec;
    acceptor_.close(ec);
    acceptor_.open(endpoint.protocol(), ec);
    if (!ec) acceptor_.set_option(asio::socket_base::reuse_address(true), ec);
    if (!ec && endpoint.address().is_v6() && endpoint.address().is_unspecified())
        acceptor_.set_option(asio::ip::v6_only(false), ec);
    if (!ec) acceptor_.bind(endpoint, ec);
    if (!ec) acceptor_.listen(asio::socket_base::max_listen_connections, ec);
    return ec;
}

Result<void> Listener::bind(const tcp::endpoint& endpoint) {
    auto ec = open(endpoint);
    if (no_ipv6(ec) && endpoint.address() == asio::ip::address_v6::any())
        ec = open(tcp::endpoint(asio::ip::address_v4::any(), endpoint.port()));
    if (!ec) return {};
    error_code ignored;
    acceptor_.close(ignored);
    return fail(reason_not_to_listen(ec), "cannot listen on " + text_of(endpoint) + ": " + ec.message());
}

Result<void> Listener::listen(const tcp::endpoint& endpoint) {
    const auto bound = bind(endpoint);
    if (!bound) return bound.error();
    accepting_ = true;
    asio::co_spawn(acceptor_.get_executor(), accept(shared_from_this()), asio::detached);
    return {};
}

tcp::endpoint Listener::local_endpoint() const {
    error_code ec;
    return acceptor_.local_endpoint(ec);
}

awaitable<void> Listener::accept(std::shared_ptr<Listener> self) {
    bool troubled = false;
    while (self->accepting_) {
        error_code ec;
        auto socket = co_await self->acceptor_.async_accept(into(ec));
        if (!self->accepting_) co_return;
        if (!ec) {
            troubled = false;
            self->begin(std::move(socket));
            continue;
        }
        if (ec == asio::error::connection_aborted) continue;
        if (!troubled) log(Level::error, "HTTPS: cannot accept connections, trying on: " + ec.message());
        troubled = true;
        self->pause_.expires_after(accept_pause);
        co_await self->pause_.async_wait(into(ec));
    }
}

void Listener::begin(tcp::socket socket) {
    error_code ec;
    const auto peer = socket.remote_endpoint(ec);
    if (ec) return; // it has left already
    const auto source = source_of(peer.address());
    auto& of_source = per_source_[source];
    if (connections_ >= limits_.in_all || of_source >= limits_.per_address) {
        if (of_source == 0) per_source_.erase(source);
        return;
    }
    ++of_source;
    ++connections_;
    auto place = std::make_unique<Place>(shared_from_this(), source);
    asio::co_spawn(acceptor_.get_executor(), serve(std::move(place), std::move(socket)), asio::detached);
}

awaitable<void> Listener::serve(std::unique_ptr<Place> place, tcp::socket socket) {
    try {
        co_await place->serve()(std::move(socket));
    } catch (const std::exception& error) {
        log(Level::error, "HTTPS connection of " + place->source().to_string() + ": " + error.what());
    }
}

void Listener::leave(const asio::ip::address& source) noexcept {
    const auto found = per_source_.find(source);
    if (found != per_source_.end() && --found->second == 0) per_source_.erase(found);
    if (--connections_ > 0) return;
    try {
        emptied_.cancel();
    } catch (const boost::system::system_error& error) { // drained() then waits out its time
        log(Level::warning, error.what());
    }
}

void Listener::close() {
    accepting_ = false;
    error_code ec;
    acceptor_.close(ec);
    pause_.cancel();
}

awaitable<bool> Listener::drained(std::chrono::milliseconds time) {
    if (connections_ == 0) co_return true;
    emptied_.expires_after(time);
    error_code ec;
    co_await emptied_.async_wait(into(ec));
    co_return connections_ == 0;
}

} // namespace two_path::control
