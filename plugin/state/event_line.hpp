/// A session's event as the log tells it.
#pragma once

#include "plugin/state/records.hpp"

#include <string>
#include <string_view>

namespace two_path::state {

/// `transferred (device): ftp`; of the first with the device and its release, of the last with its reason. A
/// `step` is behind the session, a note leaves it where it was.
[[nodiscard]] std::string event_line(const Session& session, std::string_view what, std::string_view cause,
                                     std::string_view detail, bool is_step);

} // namespace two_path::state
