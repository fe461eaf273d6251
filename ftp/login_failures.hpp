/// Who has failed to log in too often lately (RFC 2577 section 5).
#pragma once

#include "ftp/asio.hpp"

#include <chrono>
#include <cstddef>
#include <map>

namespace two_path::ftp {

/// A leaky bucket for each address: a failure fills it by one, and each `age` lets one go. Bounded: with
/// `max_peers` in it, the address that would be forgiven first makes place for a new one.
class LoginFailures {
  public:
    using Time = std::chrono::steady_clock::time_point;
    static constexpr std::size_t max_peers = 4096;

    /// `limit` failures at once bar an address; 0 bars nobody.
    LoginFailures(unsigned limit, milliseconds age)
      : limit_(limit)
      , age_(age) {}

    void add(const asio::ip::address& peer, Time now);
    bool barred(const asio::ip::address& peer, Time now) const;
    std::size_t peers() const noexcept { return forgiven_.size(); }

  private:
    void make_place(Time now);

    unsigned limit_;
    milliseconds age_;
    std::map<asio::ip::address, Time> forgiven_; ///< when its bucket will be empty
};

} // namespace two_path::ftp
