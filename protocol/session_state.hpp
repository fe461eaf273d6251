/// A session's life: which step leads from which state to which (docs/protocol.md, "States").
#pragma once

#include "protocol/error.hpp"

#include <cstdint>
#include <optional>
#include <string_view>

namespace two_path {

enum class SessionState : std::uint8_t {
    opened,       ///< the first certification information is on its way to the device
    certified,    ///< the device stored it and said so
    transferring, ///< a login on the second path was compared and found equal
    transferred,  ///< all blocks arrived and matched
    invalidated,  ///< the certification is dead on both sides
    installed,    ///< the installer ran
    restarted,    ///< a start notification came from another boot
    confirmed,    ///< the version reported is the one that was sent
    committed,    ///< the device keeps the new software (final)
    mismatch,     ///< the version reported is another one
    rolled_back,  ///< the device went back to the software it had (final)
    failed,       ///< with a reason (final)
    expired,      ///< left alone for too long (final)
    aborted,      ///< by the operator (final)
};

/// What can happen to a session.
enum class SessionStep : std::uint8_t {
    stored,
    login,
    transferred,
    invalidated,
    installed,
    restarted,
    version_equal,
    version_differs,
    committed,
    rolled_back,
    failed,
    expired,
    aborted,
};

[[nodiscard]] std::string_view name_of(SessionState state) noexcept;
[[nodiscard]] std::optional<SessionState> session_state_from_name(std::string_view name) noexcept;
[[nodiscard]] std::string_view name_of(SessionStep step) noexcept;

/// No step leads out of it.
[[nodiscard]] bool is_final(SessionState state) noexcept;
/// The bulk may cross the second path: the certification was stored and is not yet invalidated.
[[nodiscard]] bool may_transfer(SessionState state) noexcept;

/// The state after `step`; the same state when the step was taken before (steps are idempotent); none when
/// the step is out of order.
[[nodiscard]] std::optional<SessionState> next_state(SessionState state, SessionStep step) noexcept;

} // namespace two_path
