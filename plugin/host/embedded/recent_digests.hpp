/// What was seen lately, remembered by its SHA-256.
#pragma once

#include "protocol/digest.hpp"

#include <array>
#include <cstddef>
#include <set>

namespace two_path::host::embedded {

/// Holds at least the newest `capacity` digests and at most twice as many. One thread at a time.
class RecentDigests {
  public:
    explicit RecentDigests(std::size_t capacity)
      : capacity_(capacity) {}

    [[nodiscard]] bool contains(const DigestValue& sha256) const;
    void add(const DigestValue& sha256);

  private:
    using Key = std::array<std::uint8_t, 32>;
    [[nodiscard]] static Key key_of(const DigestValue& sha256);

    std::size_t capacity_;
    std::set<Key> young_;
    std::set<Key> old_;
};

} // namespace two_path::host::embedded
