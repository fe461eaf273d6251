/// What came from a device as one line for people: no control characters, no half of a character at the cut.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace two_path::control {

/// Bytes of a name that only people read.
inline constexpr std::size_t name_limit = 255;

/// At most `limit` bytes of UTF-8; control characters (ASCII's and C1) become spaces.
[[nodiscard]] std::string one_line(std::string_view text, std::size_t limit = 1024);

} // namespace two_path::control
