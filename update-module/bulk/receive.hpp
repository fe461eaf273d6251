/// Brings the files of a release over the second path, block by block, each checked before it is used.
#pragma once

#include "protocol/messages.hpp"
#include "update-module/bulk/connection_helper.hpp"
#include "update-module/bulk/payload.hpp"
#include "update-module/bulk/progress.hpp"
#include "update-module/bulk/second_path.hpp"
#include "update-module/deadline.hpp"

#include <functional>
#include <optional>
#include <string>

namespace two_path::bulk {

/// Between two tries.
inline constexpr milliseconds longest_pause{15'000};

struct ReceiveOptions {
    /// When to stop whatever happens (time_limit); blocks are kept.
    Deadline deadline;
    /// The second path is given up when nobody has logged in by then: a certification that was not used dies
    /// soon after, and with it what may take the second path's place.
    Deadline first_login{Deadline::Clock::time_point::max()};
    /// Without one more verified block for so long the second path is given up at the next setback.
    milliseconds stall_time{120'000};
    /// A TCP connection is given up when it takes so long, or `silence_time`.
    milliseconds connect_time{10'000};
    /// One connection is dropped when it moves no byte for so long.
    milliseconds silence_time{30'000};
    /// Between two logins, while the installer takes what is here already: each renews the certification.
    milliseconds renew_time{30'000};
    /// Bytes per second that are read; 0: all that come.
    std::uint64_t rate{0};
    /// A connection is dropped when it brings a block more slowly, bytes per second, and took `stall_time`;
    /// with a lower `rate`, at half of that.
    std::uint64_t min_rate{1024};
    /// The pause after the first failure without progress; it doubles up to `longest_pause`.
    milliseconds first_pause{500};
};

/// What the transfer asks and tells; all optional.
struct ReceiveCallbacks {
    /// The second path refused the login, or is given up: asks the first path why (aborted, expired,
    /// superseded, ...).
    std::function<std::optional<Error>()> why_refused;
    /// With a block, at most every 2 s; and at the end.
    std::function<void(const Progress&)> progress;
    /// One line about a connection lost or a block refused; no secrets.
    std::function<void(std::string_view line)> note;
    /// True ends the transfer (interrupted); asked at least once a second and after each signal.
    std::function<bool()> interrupted;
};

/// What came of it. The numbers hold also when it failed: a failure with progress is worth another try.
struct Reception {
    messages::TransferReport report;
    std::optional<Error> error; ///< none: every block of every file is verified and has been taken
};

/// Fetches every block that `payloads` still miss. Reasons to fail: certification_mismatch,
/// certification_refused (or what `why_refused` says), second_path_unreachable, truncated, tampered,
/// payload_refused, time_limit, interrupted, io_error, or as Payload::put. Blocks that came stay where they
/// are kept, checkpointed.
[[nodiscard]] Reception receive(ConnectionHelper& helper, const SecondPath& path, Payloads payloads,
                                const ReceiveOptions& options, const ReceiveCallbacks& callbacks = {});

} // namespace two_path::bulk
