/// When an import is tried again: plain rules, without a clock.
#pragma once

#include "protocol/error.hpp"

#include <chrono>
#include <cstdint>

namespace two_path::importing {

/// An import that the plugin's end broke off is taken up again until so many attempts have begun: one that
/// ends the plugin each time must not do so for ever.
constexpr std::uint64_t most_attempts = 5;

/// From the end of attempt `tries` (from 1) to the next one: ten minutes, doubled up to 640, as each may
/// fetch the whole artifact.
[[nodiscard]] std::chrono::minutes wait_after(std::uint64_t tries) noexcept;

/// Whether this failure may pass without anyone doing something: Mender, its storage or the operator's
/// sign_command did not answer.
[[nodiscard]] bool may_pass(Errc why) noexcept;

/// Whether to try again what failed with `why` in attempt `tries`, so long ago.
[[nodiscard]] bool is_due(Errc why, std::uint64_t tries, std::chrono::milliseconds ago) noexcept;

} // namespace two_path::importing
