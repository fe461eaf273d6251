/// How often one address may try.
#pragma once

#include "plugin/rate_limiter.hpp"

#include <boost/asio/ip/address.hpp>

#include <cstdint>

namespace two_path::host {

/// A token bucket for each address (each /64 of IPv6). An attempt counts when it begins. Times are steady
/// milliseconds. Knows a bounded number of addresses; the one that would be forgiven first is forgotten
/// first.
class AddressLimiter {
  public:
    struct Rate {
        std::int64_t at_once{0};  ///< attempts, before any must wait
        std::int64_t interval{0}; ///< in which one attempt comes back
    };
    explicit AddressLimiter(Rate rate)
      : limiter_(rate.at_once, rate.interval) {}

    /// Counts an attempt. 0: go on; else the seconds to wait, and the attempt does not count.
    [[nodiscard]] std::int64_t admit(const boost::asio::ip::address& client, std::int64_t now);
    /// The attempt just admitted was good.
    void succeeded(const boost::asio::ip::address& client);

  private:
    RateLimiter limiter_;
};

} // namespace two_path::host
