/// A point in time by which something must have ended.
#pragma once

#include <algorithm>
#include <chrono>

namespace two_path {

using std::chrono::milliseconds;

/// Cheap to copy; measured on the steady clock, so setting the device's clock does not move it.
class Deadline {
  public:
    using Clock = std::chrono::steady_clock;

    explicit Deadline(Clock::time_point at) noexcept
      : at_(at) {}
    [[nodiscard]] static Deadline in(milliseconds from_now) noexcept {
        return Deadline(Clock::now() + from_now);
    }

    [[nodiscard]] Clock::time_point at() const noexcept { return at_; }
    [[nodiscard]] bool passed() const noexcept { return Clock::now() >= at_; }
    /// Never negative.
    [[nodiscard]] milliseconds left() const noexcept {
        return std::max(milliseconds{0}, std::chrono::duration_cast<milliseconds>(at_ - Clock::now()));
    }
    /// The earlier one of this and `from_now`.
    [[nodiscard]] Deadline within(milliseconds from_now) const noexcept {
        return Deadline(std::min(at_, Clock::now() + from_now));
    }

  private:
    Clock::time_point at_;
};

} // namespace two_path
