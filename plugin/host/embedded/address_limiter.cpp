#include "plugin/host/embedded/address_limiter.hpp"

#include <algorithm>

namespace two_path::host::embedded {
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
    const auto key = key_of(client);
    const auto known = full_again_.find(key);
    const auto from = known == full_again_.end() ? now : std::max(known->second, now);
    const auto used = from - now + rate_.interval;
    const auto most = rate_.at_once * rate_.interval;
    if (used > most) return (used - most + 999) / 1000;
    if (known == full_again_.end()) make_room(now);
    full_again_[key] = from + rate_.interval;
    return 0;
}

void AddressLimiter::succeeded(const boost::asio::ip::address& client) {
    const auto known = full_again_.find(key_of(client));
    if (known != full_again_.end()) known->second -= rate_.interval;
}

void AddressLimiter::make_room(std::int64_t now) {
    if (full_again_.size() < max_addresses) return;
    std::erase_if(full_again_, [now](const auto& entry) { return entry.second <= now; });
    if (full_again_.size() < max_addresses) return;
    full_again_.erase(std::min_element(full_again_.begin(), full_again_.end(),
                                       [](const auto& a, const auto& b) { return a.second < b.second; }));
}

} // namespace two_path::host::embedded
