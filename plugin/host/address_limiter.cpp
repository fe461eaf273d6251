#include "plugin/host/address_limiter.hpp"

#include <algorithm>

namespace two_path::host {
namespace {

std::string key_of(const boost::asio::ip::address& client) {
    namespace ip = boost::asio::ip;
    if (client.is_v4()) return client.to_string();
    const auto address = client.to_v6();
    if (address.is_v4_mapped()) return ip::make_address_v4(ip::v4_mapped, address).to_string();
    auto bytes = address.to_bytes();
    std::fill(bytes.begin() + 8, bytes.end(), std::uint8_t{0});
    return ip::address_v6(bytes).to_string();
}

} // namespace

std::int64_t AddressLimiter::admit(const boost::asio::ip::address& client, std::int64_t now) {
    return limiter_.admit(key_of(client), now);
}

void AddressLimiter::succeeded(const boost::asio::ip::address& client) {
    limiter_.give_back(key_of(client));
}

} // namespace two_path::host
