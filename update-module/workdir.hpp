/// The working directory that the Mender client makes for us: the descriptor and the block lists in it.
#pragma once

#include "protocol/descriptor.hpp"
#include "protocol/digest.hpp"

#include <map>
#include <string>

namespace two_path::device {

/// Block lists by the name of their member, `<id>.<digest>`.
using BlockLists = std::map<std::string, BlockList>;

/// `TREE/header/meta-data`, which the client has verified with the artifact's header. not_found when there is
/// no tree (yet); else as parse_descriptor().
[[nodiscard]] Result<Descriptor> read_descriptor(const std::string& tree);

/// Reads the outer artifact's own files from `TREE/stream-next`, all of them, to the end, and keeps the block
/// lists. Mender checks these bytes only after we have read them, so each list is checked against the
/// descriptor here: bad_block_list when one is missing or differs. Lists of digests that this release does
/// not know are left out. Waits as long as the client sends.
[[nodiscard]] Result<BlockLists> drain_block_lists(const std::string& tree, const Descriptor& descriptor);

} // namespace two_path::device
