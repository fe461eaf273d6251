#include "plugin/control/receiver.hpp"

#include "plugin/control/client_address.hpp"
#include "plugin/control/one_line.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <ifaddrs.h>
#include <memory>
#include <netinet/in.h>
#include <system_error>

namespace two_path::control {
namespace {

using boost::asio::ip::address;
using boost::asio::ip::address_v4;
using boost::asio::ip::address_v6;

constexpr std::size_t text_limit = 64;

bool is_link_local(const address& any) {
    constexpr unsigned link_local = 0xA9FE; // 169.254.0.0/16, RFC 3927
    return any.is_v4() ? any.to_v4().to_uint() >> 16U == link_local : any.to_v6().is_link_local();
}

/// One other machine, that routers can bring us to.
bool is_one_machine(const address& any) {
    return !any.is_loopback() && !any.is_multicast() && !any.is_unspecified() && !is_link_local(any) &&
           any != address(address_v4::broadcast());
}

} // namespace

Result<std::vector<address>> own_addresses() {
    ifaddrs* first = nullptr;
    if (::getifaddrs(&first) != 0)
        return fail(Errc::internal, "this machine's addresses: " + std::generic_category().message(errno));
    const std::unique_ptr<ifaddrs, decltype(&::freeifaddrs)> owner(first, &::freeifaddrs);
    std::vector<address> all;
    for (const auto* one = first; one != nullptr; one = one->ifa_next) {
        const auto* raw = one->ifa_addr;
        if (raw == nullptr) continue;
        if (raw->sa_family == AF_INET)
            all.emplace_back(address_v4(ntohl(reinterpret_cast<const sockaddr_in*>(raw)->sin_addr.s_addr)));
        if (raw->sa_family != AF_INET6) continue;
        address_v6::bytes_type bytes;
        std::ranges::copy(reinterpret_cast<const sockaddr_in6*>(raw)->sin6_addr.s6_addr, bytes.begin());
        all.emplace_back(address_v6(bytes));
    }
    return all;
}

Result<void> may_push_to(const std::optional<messages::Receiver>& receiver, const PushRules& rules,
                         const ClientAddresses& reached, const std::vector<address>& own) {
    if (!rules.served)
        return fail(Errc::unsupported, "mode `push` is not switched on here ([ftp] push); use mode `pull`");
    if (!receiver) return fail(Errc::bad_request, "open: mode push without `receiver`");
    const auto host = one_line(receiver->host, text_limit);
    boost::system::error_code ec;
    const auto literal = boost::asio::ip::make_address(receiver->host, ec);
    // A zone would mean a link of this machine's.
    if (ec || receiver->host.find('%') != std::string::npos)
        return fail(Errc::bad_request, "open: `receiver` must name an address, not " + host);
    const auto target = unmapped(literal);
    if (!is_one_machine(target) || std::ranges::find(own, target) != own.end())
        return fail(Errc::forbidden, "push to " + host + " is refused: not an address of a device");
    const bool known =
        target == reached.client ||
        std::ranges::any_of(rules.networks, [&](const Network& network) { return network.contains(target); });
    if (!known)
        return fail(Errc::forbidden, "push to " + host + " is refused: the device itself is at " +
                                         reached.client.to_string() +
                                         ", and [ftp] push_networks do not have it");
    if (!rules.ports.contains(receiver->port))
        return fail(Errc::forbidden,
                    "push to port " + std::to_string(receiver->port) + " is refused: [ftp] push_ports are " +
                        std::to_string(rules.ports.first) + "-" + std::to_string(rules.ports.last));
    return {};
}

std::vector<std::string> push_from(const PushRules& rules, const ClientAddresses& reached) {
    if (!rules.from.empty()) return rules.from;
    return {reached.local.to_string()};
}

} // namespace two_path::control
