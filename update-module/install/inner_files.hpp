/// The files/ folder of an inner module that does not stream.
#pragma once

#include "update-module/install/inner_download.hpp"

namespace two_path::install {

/// Hard-links what is plain, where the file systems allow it, and writes the rest; all of it synced. no_room
/// with the numbers before anything is written; else as give_files().
[[nodiscard]] Result<void> store_files(const std::string& folder, const std::vector<InnerFile>& files,
                                       Deadline deadline);

/// no_room when the file system of `folder` has fewer than `bytes` free for us; `what` says for what.
[[nodiscard]] Result<void> require_room(const std::string& folder, std::uint64_t bytes,
                                        const std::string& what);

} // namespace two_path::install
