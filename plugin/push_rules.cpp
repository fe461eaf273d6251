#include "plugin/push_rules.hpp"

#include <boost/asio/ip/network_v4.hpp>
#include <boost/asio/ip/network_v6.hpp>

#include <charconv>

namespace two_path {

using boost::asio::ip::address;

std::optional<Network> Network::parse(std::string_view text) {
    const auto slash = text.find('/');
    boost::system::error_code ec;
    const auto parsed = boost::asio::ip::make_address(std::string(text.substr(0, slash)), ec);
    if (ec) return std::nullopt;
    const unsigned short most = parsed.is_v4() ? 32 : 128;
    unsigned short bits = most;
    if (slash != std::string_view::npos) {
        const auto* end = text.data() + text.size();
        const auto read = std::from_chars(text.data() + slash + 1, end, bits);
        if (read.ec != std::errc() || read.ptr != end || bits > most) return std::nullopt;
    }
    const Network network(parsed, bits);
    const bool exact = parsed.is_v4() ? make_network_v4(parsed.to_v4(), bits).network() == parsed.to_v4()
                                      : make_network_v6(parsed.to_v6(), bits).network() == parsed.to_v6();
    if (!exact) return std::nullopt;
    return network;
}

bool Network::contains(const address& address) const {
    if (address.is_v4() != address_.is_v4()) return false;
    if (address.is_v4()) return make_network_v4(address.to_v4(), bits_).network() == address_.to_v4();
    return make_network_v6(address.to_v6(), bits_).network() == address_.to_v6();
}

} // namespace two_path
