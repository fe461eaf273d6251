/// The subcommands create-user and set-password: a password from the terminal or standard input, for a user
/// in the state.
#pragma once

#include "plugin/config.hpp"
#include "protocol/error.hpp"

#include <string>

namespace two_path {

/// Both ask twice at a terminal; elsewhere one line of standard input is the password. The daemon may run
/// meanwhile. As host::create_user() and host::set_password(), and bad_configuration for a state that cannot
/// be opened.
[[nodiscard]] Result<void> create_user(const Settings& settings, const std::string& email);
[[nodiscard]] Result<void> set_password(const Settings& settings, const std::string& email);

} // namespace two_path
