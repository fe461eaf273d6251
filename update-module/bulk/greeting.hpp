/// Whether an FTP server answers where the second path should be.
#pragma once

#include "protocol/error.hpp"
#include "update-module/deadline.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace two_path::bulk {

/// Connects to the first of these addresses that lets it, and reads one line of at most 512 bytes, which no
/// one may believe; then closes, without a word. second_path_unreachable. Waits 5 s at most.
[[nodiscard]] Result<std::string> read_greeting(const std::vector<std::string>& addresses, std::uint16_t port,
                                                Deadline deadline);

} // namespace two_path::bulk
