#include "ftp/socket.hpp"

#include <algorithm>
#include <csignal>
#include <limits>
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

void set_rate(tcp::socket& socket, std::uint64_t bytes_per_second) noexcept {
    // socket(7): the largest number is "no limit", and so is what does not fit.
    constexpr std::uint64_t unlimited = std::numeric_limits<std::uint32_t>::max();
    const auto wanted = bytes_per_second == 0 ? unlimited : std::min(bytes_per_second, unlimited);
    const auto rate = static_cast<std::uint32_t>(wanted);
    static_cast<void>(
        ::setsockopt(socket.native_handle(), SOL_SOCKET, SO_MAX_PACING_RATE, &rate, sizeof rate));
}

std::uint64_t rate_of(tcp::socket& socket) noexcept {
    constexpr std::uint64_t unlimited = std::numeric_limits<std::uint64_t>::max();
    std::uint32_t rate = 0;
    socklen_t size = sizeof rate;
    const int got = ::getsockopt(socket.native_handle(), SOL_SOCKET, SO_MAX_PACING_RATE, &rate, &size);
    return got != 0 || rate == std::numeric_limits<std::uint32_t>::max() ? unlimited : rate;
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

void ignore_broken_pipes() noexcept {
    struct sigaction current {};
    if (::sigaction(SIGPIPE, nullptr, &current) == 0 && current.sa_handler == SIG_DFL)
        std::signal(SIGPIPE, SIG_IGN);
}

} // namespace two_path::ftp
