/// What the external unit is told of a session that has ended, and the signature by which it knows the
/// sender.
#pragma once

#include "plugin/state/records.hpp"
#include "protocol/encoding.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace two_path::control {

/// `type` of a notice.
inline constexpr std::string_view result_type = "two-path-session-ended";

/// JSON in the form of Mender's own webhooks: `id`, `type`, `time`, and as `data` the session as the operator
/// API shows it, `sent` bytes included.
[[nodiscard]] std::string result_notice(const state::Session& session, std::uint64_t sent);

/// The UUID (RFC 9562, version 8) of a session's notice: always the same, so that the external unit can tell
/// a repetition, also after the state was restored from a backup.
[[nodiscard]] std::string notice_id(std::string_view session);

/// HMAC-SHA256 in hex, as Mender signs its webhooks (`X-Men-Signature`; MEN-HMAC-SHA256-Payload).
[[nodiscard]] std::string notice_signature(std::string_view body, ByteView secret);

} // namespace two_path::control
