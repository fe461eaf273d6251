/// The bulk over the first path, where the second one failed.
#pragma once

#include "update-module/bulk/receive.hpp"
#include "update-module/control/session.hpp"

namespace two_path::device {

/// Whether a second path that failed so may be replaced by the first.
[[nodiscard]] bool may_fall_back(Errc why) noexcept;

/// Fetches every block that `payloads` still miss, in ranges that arrive within about a second each, every
/// block checked as on the second path. forbidden: the plugin's policy is another; tampered; time_limit;
/// interrupted; as bulk::Payload::put; or why the plugin cannot be asked. Blocks that came stay,
/// checkpointed.
[[nodiscard]] bulk::Reception fetch_over_first_path(control::Session& session, bulk::Payloads payloads,
                                                    const bulk::ReceiveOptions& options,
                                                    const bulk::ReceiveCallbacks& callbacks);

} // namespace two_path::device
