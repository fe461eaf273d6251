/// How long to wait before something that failed is tried again.
#pragma once

#include <chrono>

namespace two_path::device {

/// After `failed` attempts in a row: doubles from 2 s up to 5 min. `chance`, from 0 to 1, takes away up to a
/// quarter, so that the devices of one site do not all come at once when the power is back.
[[nodiscard]] std::chrono::milliseconds back_off(unsigned failed, double chance) noexcept;

} // namespace two_path::device
