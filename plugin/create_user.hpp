/// The subcommand create-user: a password from the terminal or standard input, and a user in the state.
#pragma once

#include "plugin/config.hpp"
#include "protocol/error.hpp"

#include <string>

namespace two_path {

/// Asks twice at a terminal; elsewhere one line of standard input is the password. The daemon may run
/// meanwhile. As host::create_user(), and bad_configuration for a state that cannot be opened.
[[nodiscard]] Result<void> create_user(const Settings& settings, const std::string& email);

} // namespace two_path
