#include "ftp/socket.hpp"

#include <algorithm>
#include <netinet/tcp.h>

namespace two_path::ftp {

void set_options(tcp::socket& socket, milliseconds unacknowledged_time) {
    const auto set = [&](int level, int name, int value) {
        static_cast<void>(::setsockopt(socket.native_handle(), level, name, &value, sizeof value));
    };
    const auto time = static_cast<int>(unacknowledged_time.count());
    set(SOL_SOCKET, SO_KEEPALIVE, 1);
    set(SOL_SOCKET, SO_OOBINLINE, 1);
    set(IPPROTO_TCP, TCP_NODELAY, 1);
    set(IPPROTO_TCP, TCP_USER_TIMEOUT, time);
    set(IPPROTO_TCP, TCP_KEEPIDLE, std::max(1, time / 1000));
    set(IPPROTO_TCP, TCP_KEEPINTVL, std::max(1, time / 4000));
}

tcp::endpoint unmapped(const tcp::endpoint& endpoint) {
    const auto address = endpoint.address();
    if (!address.is_v6() || !address.to_v6().is_v4_mapped()) return endpoint;
    return {asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6()), endpoint.port()};
}

void reset(tcp::socket& socket) noexcept {
    error_code ec;
    socket.set_option(asio::socket_base::linger(true, 0), ec);
    socket.close(ec);
}

} // namespace two_path::ftp
