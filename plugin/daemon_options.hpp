/// The settings as each part of the daemon wants them.
#pragma once

#include "ftp/server.hpp"
#include "plugin/config.hpp"
#include "plugin/control/https_server.hpp"
#include "plugin/turn_rules.hpp"

namespace two_path {

[[nodiscard]] ftp::ServerOptions ftp_options(const Settings& settings);
[[nodiscard]] TurnRules turn_rules(const Settings& settings);
[[nodiscard]] control::HttpsServerOptions https_options(const Settings& settings);
/// What `[metrics] token_file` holds, 16 to 4096 bytes without spaces; empty without the setting.
/// bad_configuration with its place.
[[nodiscard]] Result<std::string> metrics_token(const Settings& settings);

} // namespace two_path
