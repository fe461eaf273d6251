/// The operator's command `two-path`: which word starts what, and how it ends.
#pragma once

#include "plugin/cli/shell.hpp"

#include <string>
#include <vector>

namespace two_path::cli {

/// A command's outcome: its exit code, or what went wrong.
using Outcome = Result<int>;

/// Runs one command line (without the program's name) and gives the exit code of docs/operations.md. What
/// went wrong is one line on `err`.
[[nodiscard]] int run(const std::vector<std::string>& arguments, Shell& shell);

// The commands; `arguments` follow the command's name.
Outcome login(const std::vector<std::string>& arguments, Shell& shell);
Outcome devices(const std::vector<std::string>& arguments, Shell& shell);
Outcome publish(const std::vector<std::string>& arguments, Shell& shell);
Outcome import(const std::vector<std::string>& arguments, Shell& shell);
Outcome deploy(const std::vector<std::string>& arguments, Shell& shell);
Outcome deployments(const std::vector<std::string>& arguments, Shell& shell);
Outcome releases(const std::vector<std::string>& arguments, Shell& shell);
Outcome sessions(const std::vector<std::string>& arguments, Shell& shell);
Outcome audit(const std::vector<std::string>& arguments, Shell& shell);
Outcome doctor(const std::vector<std::string>& arguments, Shell& shell);
Outcome webhook(const std::vector<std::string>& arguments, Shell& shell);

} // namespace two_path::cli
