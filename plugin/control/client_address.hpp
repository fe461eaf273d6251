/// Whose address a request has, also where it comes through the operator's own proxies.
#pragma once

#include "plugin/push_rules.hpp"

#include <boost/asio/ip/address.hpp>

#include <string_view>
#include <vector>

namespace two_path::control {

/// An IPv4 address also where it came as an IPv6 one (`::ffff:192.0.2.1`; RFC 4291, section 2.5.5.2).
[[nodiscard]] boost::asio::ip::address unmapped(const boost::asio::ip::address& any);

/// The connection's own address; behind proxies that are trusted, the last address of `X-Forwarded-For` that
/// is none of them. What stands before that one is whatever the client wrote, and is not believed; nor is
/// anything behind what is no address. Where clients themselves are in a trusted network, they are taken for
/// proxies, and what they write is believed: nothing but proxies belongs in it.
[[nodiscard]] boost::asio::ip::address client_behind(const std::vector<Network>& trusted_proxies,
                                                     const boost::asio::ip::address& connection,
                                                     std::string_view forwarded_for);

} // namespace two_path::control
