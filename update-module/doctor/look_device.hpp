/// The doctor looks at the device itself, and changes nothing.
#pragma once

#include "update-module/doctor/judge_device.hpp"

#include <string>

namespace two_path::device {

/// Where the Mender client has its files; both clients ask the environment for them (MENDER_CONF_DIR,
/// MENDER_DATASTORE_DIR), 3.4 for none but its configuration.
struct MenderFolders {
    std::string configuration{"/etc/mender"};
    std::string data_store{"/var/lib/mender"};
    [[nodiscard]] static MenderFolders from_environment();
};

[[nodiscard]] ModuleSight look_at_module(const std::string& modules_dir);
[[nodiscard]] ScriptsSight look_at_scripts(const MenderFolders& mender);
[[nodiscard]] InstallersSight look_at_installers(const std::string& modules_dir);
[[nodiscard]] FolderSight look_at_folder(const std::string& path);
[[nodiscard]] RoomSight look_at_room(const std::string& path);

/// The server's URL in mender.conf, or in the one of the data store; empty when there is none.
[[nodiscard]] std::string mender_server_url(const Settings& settings, const MenderFolders& mender);

} // namespace two_path::device
