/// Where the plugin may be sent to by a device that listens (push).
#pragma once

#include "ftp/port_range.hpp"

#include <boost/asio/ip/address.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace two_path {

/// `ADDRESS/BITS` or one address, IPv4 or IPv6.
class Network {
  public:
    /// None for anything else, and for bits beyond BITS.
    [[nodiscard]] static std::optional<Network> parse(std::string_view text);
    [[nodiscard]] bool contains(const boost::asio::ip::address& address) const;

  private:
    Network(boost::asio::ip::address address, unsigned short bits)
      : address_(address)
      , bits_(bits) {}
    boost::asio::ip::address address_;
    unsigned short bits_;
};

struct PushRules {
    bool served{false};
    /// Addresses that the plugin's connections come from, told to devices; empty: the one under which the
    /// device reached the HTTPS server.
    std::vector<std::string> from;
    std::vector<Network> networks; ///< where devices may listen; always: where their HTTPS comes from
    ftp::PortRange ports{1024, 65535};
};

} // namespace two_path
