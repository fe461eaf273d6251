/// Lines for the operator on standard error, where systemd adds the time.
#pragma once

#include <cstdint>
#include <string_view>

namespace two_path {

/// syslog's severities, as far as we tell them apart.
enum class Level : std::uint8_t { error = 3, warning = 4, notice = 5, info = 6 };

/// Writes one line with one write(2), so that threads do not mix theirs: `<6>text` into systemd's journal
/// (sd-daemon(3)), `info: text` elsewhere. Control characters become spaces. Never a secret. Never fails: a
/// line that cannot be written is lost.
void log(Level level, std::string_view text) noexcept;

/// The same about one session, whose id a program finds in the line: `info: session ID: text`.
void log_of(Level level, std::string_view session, std::string_view text) noexcept;

/// From now on each line is a JSON object: `time`, `level`, `message`, and `session` where it is of one.
/// Before any thread starts.
void log_as_json(bool json) noexcept;

/// Sends the lines to another open descriptor, which must stay open; for tests, before any thread starts.
void log_to(int descriptor) noexcept;

} // namespace two_path
