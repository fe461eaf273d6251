/// Small files that are either the old or the new one, also after a power cut.
#pragma once

#include "protocol/error.hpp"

#include <filesystem>
#include <string>
#include <string_view>

#include <sys/types.h>

namespace two_path {

/// Writes `content` beside `file`, syncs it, renames it over `file` and syncs the folder. io_error with the
/// path and the system's message.
[[nodiscard]] Result<void> write_durably(const std::filesystem::path& file, std::string_view content,
                                         mode_t mode);

/// Makes what was created, renamed or removed in a folder durable. io_error.
[[nodiscard]] Result<void> sync_folder(const std::filesystem::path& folder);

/// The whole of a small file; too_large over `limit` bytes, not_found, or io_error.
[[nodiscard]] Result<std::string> read_small_file(const std::filesystem::path& file, std::size_t limit);

} // namespace two_path
