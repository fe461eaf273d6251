#include "update-module/bulk/port_reservation.hpp"

#include <boost/asio/ip/tcp.hpp>

#include <cerrno>
#include <sys/socket.h>
#include <system_error>

namespace two_path::bulk {
namespace {

using boost::asio::ip::tcp;

/// The errno; 0 when it is bound.
int bind_to(const ftp::Descriptor& socket, const tcp::endpoint& endpoint) {
    const int yes = 1;
    ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    const auto size = static_cast<socklen_t>(endpoint.size());
    return ::bind(socket.get(), endpoint.data(), size) == 0 ? 0 : errno;
}

std::uint16_t port_of(const ftp::Descriptor& socket) {
    tcp::endpoint endpoint;
    auto size = static_cast<socklen_t>(endpoint.capacity());
    return ::getsockname(socket.get(), endpoint.data(), &size) == 0 ? endpoint.port() : std::uint16_t{0};
}

} // namespace

Result<PortReservation> PortReservation::take(const std::string& address, PortRange ports) {
    boost::system::error_code ec;
    const auto parsed = boost::asio::ip::make_address(address, ec);
    if (ec) return fail(Errc::bad_configuration, "push: `" + address + "` is not an address");
    int error = 0;
    for (unsigned port = ports.first; port <= ports.last; ++port) {
        const tcp::endpoint endpoint(parsed, static_cast<std::uint16_t>(port));
        ftp::Descriptor socket(
            ::socket(endpoint.protocol().family(), SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_TCP));
        error = socket ? bind_to(socket, endpoint) : errno;
        const auto bound = error == 0 ? port_of(socket) : std::uint16_t{0};
        if (bound != 0) return PortReservation(std::move(socket), bound);
        if (error != EADDRINUSE && error != EACCES) break;
    }
    return fail(Errc::bad_configuration, "push: cannot listen on " + address + ": " +
                                             std::generic_category().message(error) +
                                             "; see `push_address`, `push_listen` and `push_ports`");
}

} // namespace two_path::bulk
