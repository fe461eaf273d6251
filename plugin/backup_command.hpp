/// `two-path-server backup FOLDER` and `restore FOLDER`: the whole state, out and in again.
#pragma once

#include "plugin/config.hpp"

#include <filesystem>

namespace two_path {

/// Copies what must survive into `folder`, which must not exist, while the daemon runs or not: the databases
/// as they are at one moment, without live certifications; payloads and artifacts, each compared with its
/// digest; keys, certificate, audit trail. The folder appears when it is whole. conflict: it is there
/// already; bad_configuration: there is no state; io_error, no_room.
[[nodiscard]] Result<void> make_backup(const Settings& settings, const std::filesystem::path& folder);

/// Fills the state folder, which must be absent or empty, from a backup, and gives all to the state folder's
/// owner. conflict: it holds a state, or a daemon runs; bad_configuration: `folder` is no backup; io_error,
/// no_room, and bad_request for a payload that is not what its name says.
[[nodiscard]] Result<void> restore_backup(const Settings& settings, const std::filesystem::path& folder);

} // namespace two_path
