/// The devices that a server knows, found by their id or the beginning of it.
#pragma once

#include "plugin/cli/server.hpp"

#include <string>
#include <vector>

namespace two_path::cli {

/// One device of Mender's `devauth/devices`.
struct Device {
    std::string id;
    std::string status;   ///< `pending`, `accepted`, `rejected`, ...
    std::string identity; ///< `mac=..., sn=...`
    std::string seen;     ///< RFC 3339; empty when the server does not tell
    std::string auth_set; ///< the newest one's id
    json::object whole;
};

[[nodiscard]] Result<std::vector<Device>> list_devices(const Server& server);
/// The one whose id is `id` or begins with it. not_found; conflict when several do.
[[nodiscard]] Result<Device> find_device(const std::vector<Device>& devices, const std::string& id);

} // namespace two_path::cli
