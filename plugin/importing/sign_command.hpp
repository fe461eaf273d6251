/// The operator's own command that signs artifacts, so that the plugin holds no key.
#pragma once

#include "protocol/error.hpp"

#include <chrono>
#include <filesystem>
#include <string>
#include <string_view>

namespace two_path::importing {

/// Gives the command the manifest's bytes on its standard input and takes the signature, base64 as
/// `manifest.sig` holds it, from its standard output. Blocks at most for `patience`, after which the command
/// is killed. bad_configuration: it cannot be run, fails, or says something else; unavailable: it takes too
/// long, or the machine has no room for it. What it writes to standard error stands in the log.
[[nodiscard]] Result<std::string> sign_by(const std::filesystem::path& command, std::string_view manifest,
                                          std::chrono::milliseconds patience = std::chrono::seconds{60});

} // namespace two_path::importing
