/// A session and its events in words, as `two-path sessions` prints them.
#pragma once

#include "protocol/json.hpp"

#include <iosfwd>
#include <string>

namespace two_path::cli {

/// `12.0 MiB of 73.4 MiB (16 %)`; empty when nothing is to be carried.
[[nodiscard]] std::string reason_text(const json::object& session);
[[nodiscard]] std::string progress_text(const json::object& session);
/// No event will follow.
[[nodiscard]] bool has_ended(const json::object& session);
/// The payload is on its way.
[[nodiscard]] bool is_moving(const json::object& session);
/// `2026-01-31 23:59:59  transferred   by the device: ...`
[[nodiscard]] std::string event_line(const json::object& event);
/// The same for a session in a list that is watched.
[[nodiscard]] std::string session_line(const json::object& session);
/// What stands above a time line: who, what, from which version to which.
void print_summary(std::ostream& out, const json::object& session);
/// What stands below: versions, load, and for a failure its reason, meaning and advice.
void print_ending(std::ostream& out, const json::object& session);

} // namespace two_path::cli
