/// Whether the plugin may go where a device says that it listens (push): it must not become a port scanner.
#pragma once

#include "plugin/push_rules.hpp"
#include "protocol/messages.hpp"

#include <boost/asio/ip/address.hpp>

#include <string>
#include <vector>

namespace two_path::control {

/// Both ends of the connection that a device's request came over; IPv4 never in its v6-mapped form.
struct ClientAddresses {
    boost::asio::ip::address client;
    boost::asio::ip::address local;
};

/// Every address of this machine's interfaces. internal: the system does not tell.
[[nodiscard]] Result<std::vector<boost::asio::ip::address>> own_addresses();

/// unsupported: push is not served; bad_request: no literal address; forbidden: neither the address that the
/// request came from nor in the operator's networks, or a port out of his range, or loopback, link-local,
/// multicast, unspecified or our `own`.
[[nodiscard]] Result<void> may_push_to(const std::optional<messages::Receiver>& receiver,
                                       const PushRules& rules, const ClientAddresses& reached,
                                       const std::vector<boost::asio::ip::address>& own);

/// What the device is told to admit.
[[nodiscard]] std::vector<std::string> push_from(const PushRules& rules, const ClientAddresses& reached);

} // namespace two_path::control
