/// `two-path-device`: what people, panels and services on the device ask and tell.
#pragma once

#include <string>
#include <vector>

namespace two_path::device {

/// Runs one command; its arguments are without the program's name. 0: done; 2: wrong arguments; 3: wrong
/// configuration; else as docs/operations.md lists exit codes. `report` always gives 0.
[[nodiscard]] int run_device_command(const std::vector<std::string>& arguments);

} // namespace two_path::device
