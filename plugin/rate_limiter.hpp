/// How often one party may do something.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>

namespace two_path {

/// Each key has `burst` turns and gets one back every `interval` milliseconds. At most 10 000 keys are
/// remembered; beyond them the one that is first whole again is forgotten. Times are steady milliseconds.
/// Used by one thread.
class RateLimiter {
  public:
    RateLimiter(std::int64_t burst, std::int64_t interval)
      : burst_(burst)
      , interval_(interval) {}

    /// Counts a turn. 0: go on; else the seconds to wait, and the turn does not count.
    [[nodiscard]] std::int64_t admit(const std::string& key, std::int64_t now);
    /// The turn just admitted does not count.
    void give_back(const std::string& key);

  private:
    static constexpr std::size_t max_keys = 10'000;
    void make_room(std::int64_t now);

    std::int64_t burst_;
    std::int64_t interval_;
    std::map<std::string, std::int64_t, std::less<>> full_again_; ///< when all turns are back
};

} // namespace two_path
