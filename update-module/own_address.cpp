#include "update-module/own_address.hpp"

#include <boost/asio/ip/address.hpp>

#include <cerrno>
#include <ifaddrs.h>
#include <memory>
#include <netinet/in.h>
#include <optional>
#include <system_error>

namespace two_path::device {
namespace {

using boost::asio::ip::address;
using boost::asio::ip::address_v4;
using boost::asio::ip::address_v6;

std::optional<address> address_of(const sockaddr* raw) {
    if (raw == nullptr) return std::nullopt;
    if (raw->sa_family == AF_INET)
        return address_v4(ntohl(reinterpret_cast<const sockaddr_in*>(raw)->sin_addr.s_addr));
    if (raw->sa_family != AF_INET6) return std::nullopt;
    address_v6::bytes_type bytes;
    const auto& from = reinterpret_cast<const sockaddr_in6*>(raw)->sin6_addr.s6_addr;
    std::copy(std::begin(from), std::end(from), bytes.begin());
    const address_v6 found(bytes);
    if (found.is_link_local()) return std::nullopt; // means nothing to another machine
    return found;
}

} // namespace

Result<std::string> own_address(const std::string& name) {
    boost::system::error_code ec;
    const auto literal = boost::asio::ip::make_address(name, ec);
    if (!ec) return literal.to_string();
    ifaddrs* first = nullptr;
    if (::getifaddrs(&first) != 0)
        return fail(Errc::io_error, "network interfaces: " + std::generic_category().message(errno));
    const std::unique_ptr<ifaddrs, decltype(&::freeifaddrs)> owner(first, &::freeifaddrs);
    std::optional<address> best;
    for (const auto* one = first; one != nullptr; one = one->ifa_next) {
        const auto found = name == one->ifa_name ? address_of(one->ifa_addr) : std::nullopt;
        if (found && (!best || (best->is_v6() && found->is_v4()))) best = found;
    }
    if (!best)
        return fail(Errc::bad_configuration,
                    "`" + name + "` is neither an address nor a network interface that has one now");
    return best->to_string();
}

} // namespace two_path::device
