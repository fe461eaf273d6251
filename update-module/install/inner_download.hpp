/// The inner module's `Download`: the client's end of stream-next, streams/ and files/.
#pragma once

#include "update-module/install/inner_module.hpp"

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

namespace two_path::install {

/// The next bytes of one file, 0 at its end.
using ReadBytes = std::function<Result<std::size_t>(std::span<std::uint8_t> buffer)>;

/// One file for the inner module.
struct InnerFile {
    std::string name;
    std::uint64_t size{0};
    std::function<Result<ReadBytes>()> open; ///< called once, when its turn has come; not for an empty file
    std::string plain; ///< a file that holds exactly these bytes and may be hard-linked; empty: none
};

/// Runs `Download`, or `DownloadWithFileSizes` where the module answers Yes to ProvidePayloadFileSizes, and
/// gives it every file: through the FIFOs when it opens stream-next, else into files/, synced. Succeeds when
/// the module has taken every byte and ended well. inner_module_failed also for one that stopped in between;
/// no_room with the numbers; what `open` and ReadBytes fail with; time_limit, interrupted. SIGPIPE must be
/// ignored.
[[nodiscard]] Result<void> give_files(const InnerModule& module, const std::vector<InnerFile>& files,
                                      Deadline deadline);

} // namespace two_path::install
