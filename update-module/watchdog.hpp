/// Ends the module when the Mender client asks for it or is gone: what is on disk is right at every moment.
#pragma once

namespace two_path::device {

/// Call first thing in main, before any thread or process: SIGTERM, SIGINT and SIGHUP are from then on taken
/// by the watchdog only, and SIGPIPE by no one.
void block_signals() noexcept;

/// Watches from a thread until the process ends. After SIGTERM, SIGINT or SIGHUP, or when the parent is gone
/// (a client that was killed cleans up at its next start, and must not find us at work), told_to_stop()
/// holds; 6 s later the process ends with code 1, and all that it started with it.
void start_watchdog();

/// Whoever waits, asks this at least once a second, and ends with Errc::interrupted.
[[nodiscard]] bool told_to_stop() noexcept;

} // namespace two_path::device
