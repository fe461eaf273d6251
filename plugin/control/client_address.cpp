#include "plugin/control/client_address.hpp"

#include "plugin/control/http.hpp"

#include <algorithm>
#include <string>

namespace two_path::control {
using boost::asio::ip::address;

address unmapped(const address& any) {
    if (any.is_v4() || !any.to_v6().is_v4_mapped()) return any;
    return boost::asio::ip::make_address_v4(boost::asio::ip::v4_mapped, any.to_v6());
}

address client_behind(const std::vector<Network>& trusted_proxies, const address& connection,
                      std::string_view forwarded_for) {
    auto client = connection;
    const auto is_proxy = [&client](const Network& network) { return network.contains(client); };
    while (!forwarded_for.empty() && std::ranges::any_of(trusted_proxies, is_proxy)) {
        const auto comma = forwarded_for.rfind(',');
        const bool is_first = comma == std::string_view::npos;
        const auto before = trimmed(is_first ? forwarded_for : forwarded_for.substr(comma + 1));
        forwarded_for = is_first ? std::string_view() : forwarded_for.substr(0, comma);
        boost::system::error_code ec;
        const auto said = boost::asio::ip::make_address(std::string(before), ec);
        if (ec) break;
        client = unmapped(said);
    }
    return client;
}

} // namespace two_path::control
