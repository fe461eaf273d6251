/// The record of which blocks of a stored file are on disk, for exactly one block list.
#pragma once

#include "update-module/bulk/block_verifier.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace two_path::bulk {

/// The map's text: version, digest name, the list's digest, block size, and a bit per block.
[[nodiscard]] std::string print_block_map(const BlockVerifier& verifier, const std::vector<bool>& blocks);

/// What a text on disk is to this block list.
struct BlockMap {
    enum class Kind {
        ours,
        foreign, ///< of another list, digest, block size, or a later version of the map
        damaged,
    };
    Kind kind{Kind::damaged};
    std::vector<bool> blocks; ///< one per block when `ours`
};
[[nodiscard]] BlockMap parse_block_map(std::string_view text, const BlockVerifier& verifier);

/// What any map says is on disk, bytes, the last block counted as a whole one; 0 for what is no map.
[[nodiscard]] std::uint64_t verified_bytes_of(std::string_view text);

/// A map of `blocks` blocks is never longer, bytes.
[[nodiscard]] std::size_t max_block_map(std::uint64_t blocks) noexcept;

} // namespace two_path::bulk
