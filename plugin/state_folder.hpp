/// The daemon's folder: made, checked, and held by one daemon at a time.
#pragma once

#include "ftp/descriptor.hpp"
#include "protocol/error.hpp"

#include <filesystem>

namespace two_path {

/// Makes the folder (mode 0700, its parents as they come) and tries whether files can be made in it.
/// bad_configuration with the path and what to do.
[[nodiscard]] Result<void> prepare_state_folder(const std::filesystem::path& folder);

/// Lets root go on as the folder's owner, so that what is made in it belongs to the daemon's user. Nothing
/// happens for other users. bad_configuration.
[[nodiscard]] Result<void> act_as_owner(const std::filesystem::path& folder);

/// Holds `folder`/lock for as long as the descriptor is open. conflict while another daemon has it.
[[nodiscard]] Result<ftp::Descriptor> lock_state_folder(const std::filesystem::path& folder);

} // namespace two_path
