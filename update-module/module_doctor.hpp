/// `two-path-device doctor`: what is wrong, seen from the device, and what to do.
#pragma once

#include <string>
#include <vector>

namespace two_path::device {

/// Looks at the device and, as far as they lead, along both paths; prints what it found. Changes nothing,
/// and needs no deployment. At most 30 s. 0: nothing failed; 1: something did; 2: wrong arguments.
[[nodiscard]] int run_doctor(const std::vector<std::string>& arguments);

} // namespace two_path::device
