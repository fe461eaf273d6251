/// The version of what is installed, read from what is installed and from nothing else.
#pragma once

#include "protocol/error.hpp"
#include "update-module/deadline.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace two_path::install {

/// Where a release's version is to be read.
struct VersionSource {
    std::string file;                 ///< `PATH[:KEY]`, PATH absolute
    std::vector<std::string> command; ///< used when `file` is empty: argv that prints it
};

/// The version that is installed under `root` (always `/`, but for tests). version_unreadable, with the
/// reason. The file: a regular one of at most 64 KiB; symbolic links are followed only where they stay below
/// `root`. With KEY the value of its last `KEY=value` line, quoted as in os-release(5); else the whole text,
/// trimmed. The command: at most 30 s, its trimmed output. A version has 1 to 255 bytes without control
/// characters.
[[nodiscard]] Result<std::string> read_version(const VersionSource& source, Deadline deadline,
                                               const std::string& root = "/");

/// The value of the last `KEY=value` line, unquoted as a shell would; version_unreadable when there is none.
[[nodiscard]] Result<std::string> value_of(std::string_view text, std::string_view key);

} // namespace two_path::install
