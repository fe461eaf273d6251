/// An INI file as a list of what stands in it, each with its line.
#pragma once

#include "protocol/error.hpp"

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace two_path {

/// `key = value` under `[section]`; the name is `section.key`, or `key` before the first section.
struct ConfigEntry {
    std::string name;
    std::string value; ///< trimmed; may be empty
    int line{0};       ///< from 1
};

/// Blank lines, and lines that begin with `#` or `;`, say nothing; a `#` behind a value belongs to the value.
/// bad_configuration with `FILE:LINE: what, what to do`.
[[nodiscard]] Result<std::vector<ConfigEntry>> parse_config(std::string_view text, std::string_view file);

/// The same from a file of at most 1 MiB. bad_configuration also when it cannot be read.
[[nodiscard]] Result<std::vector<ConfigEntry>> read_config(const std::filesystem::path& file);

} // namespace two_path
