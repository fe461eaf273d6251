/// How long to wait before asking a server again that did not answer.
#pragma once

#include <chrono>
#include <cstdint>

namespace two_path::host::mender {

/// Doubles from 100 ms to 2 s. Each wait is drawn from its upper half, so that many who wait do not all come
/// at once.
class Backoff {
  public:
    /// `random`: any number, the source of the jitter.
    [[nodiscard]] std::chrono::milliseconds next(std::uint64_t random) {
        const auto half = static_cast<std::uint64_t>(step_.count()) / 2;
        const std::chrono::milliseconds wait{static_cast<std::int64_t>(half + random % (half + 1))};
        step_ = step_ * 2 > longest ? longest : step_ * 2;
        return wait;
    }

  private:
    static constexpr std::chrono::milliseconds longest{2'000};
    std::chrono::milliseconds step_{100};
};

} // namespace two_path::host::mender
