/// Small files that a power cut leaves either as they were or as they were to be.
#pragma once

#include "protocol/error.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace two_path::device {

/// Replaces a file: a temporary file beside it, fsync, rename, fsync of the folder; mode 0600.
/// io_error or no_room, with the path.
[[nodiscard]] Result<void> replace_file(const std::string& path, std::string_view content);
/// None when there is no such file; too_large over `limit` bytes; io_error for anything but a regular file.
[[nodiscard]] Result<std::optional<std::string>> read_small_file(const std::string& path, std::size_t limit);
/// Removes a file, if there, and makes that durable.
[[nodiscard]] Result<void> remove_file(const std::string& path);
/// Renames within one folder and makes that durable.
[[nodiscard]] Result<void> rename_file(const std::string& from, const std::string& to);
/// Creates a folder and those above it, mode 0700.
[[nodiscard]] Result<void> make_folder(const std::string& path);
/// Makes what was created, renamed or removed in a folder durable.
[[nodiscard]] Result<void> sync_folder(const std::string& path);

/// For a file of ours that cannot be believed: renames it to `path.corrupt`, over an older one, and says why.
[[nodiscard]] Result<void> set_aside(const std::string& path, const Error& why);

/// `WHAT PATH: strerror(errno)`, as no_room when the storage is full, else as io_error.
[[nodiscard]] Error storage_error(std::string_view what, const std::string& path, int error_number);

} // namespace two_path::device
