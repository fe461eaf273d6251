/// How often one address may try to log in.
#pragma once

#include <boost/asio/ip/address.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>

namespace two_path::host::embedded {

/// Each address (each /64 of IPv6) has ten attempts, and gets one back every six seconds. Attempts count when
/// they begin; a successful one is given back. Times are steady milliseconds.
class LoginLimiter {
  public:
    /// Counts an attempt. 0: go on; else the seconds to wait, and the attempt does not count.
    [[nodiscard]] std::int64_t admit(const boost::asio::ip::address& client, std::int64_t now);
    /// The attempt just admitted was good.
    void succeeded(const boost::asio::ip::address& client);

  private:
    static constexpr std::size_t max_addresses = 10'000;
    void make_room(std::int64_t now);

    std::map<std::string, std::int64_t, std::less<>> full_again_; ///< when all attempts are back
};

} // namespace two_path::host::embedded
