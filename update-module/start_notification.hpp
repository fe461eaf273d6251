/// Tells the plugin that the device has restarted, where an update waits for it (claim C11), so that a device
/// is noticed that fell back by itself, or whose Mender client does not come up any more.
#pragma once

#include "update-module/settings.hpp"

#include <string>

namespace two_path::device {

/// One attempt, at most half a minute. Gives what came of it, a sentence for people; also where nothing waits
/// for a restart, or another process of ours is at work. Fails as the plugin does, or with `is_away` errors.
[[nodiscard]] Result<std::string> notify_start(const Settings& settings);

/// Attempts until one has told the plugin, with back-off while it cannot be asked or another process of ours
/// is at work, which may take as long as the network does. Ends at once where nothing waits for a restart.
[[nodiscard]] Result<std::string> notify_start_until_told(const Settings& settings);

} // namespace two_path::device
