/// Questions to the operator: on the terminal where there is one, else a line of standard input.
#pragma once

#include "protocol/error.hpp"

#include <string>

namespace two_path {

/// One line, without its end; at most 1024 bytes. unavailable when input ends first.
[[nodiscard]] Result<std::string> ask(const std::string& prompt);
/// The same without showing what is typed. The terminal is as before afterwards.
[[nodiscard]] Result<std::string> ask_secret(const std::string& prompt);

} // namespace two_path
