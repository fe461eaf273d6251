/// Push: lets the plugin bring the files of a release, block by block, each checked before it is used.
#pragma once

#include "update-module/bulk/connection_helper.hpp"
#include "update-module/bulk/push_path.hpp"
#include "update-module/bulk/receive.hpp"

namespace two_path::bulk {

/// Listens until every block is in the store, or the second path is given up; then the port is closed.
/// Options and callbacks as for `receive`; `why_refused` is asked when the plugin stays away. Reasons to
/// fail: certification_mismatch (what logged in could not prove itself), second_path_unreachable (nobody
/// came), truncated, tampered, no_room, io_error, time_limit, interrupted, or what `why_refused` says.
[[nodiscard]] Reception receive_pushed(ConnectionHelper& helper, const PushPath& path, Payloads payloads,
                                       const ReceiveOptions& options, const ReceiveCallbacks& callbacks = {});

} // namespace two_path::bulk
