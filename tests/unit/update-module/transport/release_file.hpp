/// One file of a release as the tests make it: bytes, descriptor entry and block list that belong together.
#pragma once

#include "update-module/bulk/block_verifier.hpp"

#include <string>

namespace two_path::tests {

inline constexpr std::uint64_t small_block = 64 * 1024;

struct ReleaseFile {
    Bytes bytes;
    DescriptorFile file;
    std::vector<BlockList> lists;
    std::uint64_t block_size;

    [[nodiscard]] bulk::BlockVerifier verifier(DigestKind kind = DigestKind::sha256) const;
    [[nodiscard]] ByteView block(std::uint64_t index) const;
};

/// `size` bytes that repeat nowhere, different for each `seed`.
[[nodiscard]] Bytes noise(std::size_t size, unsigned seed = 1);
[[nodiscard]] ReleaseFile release_file(Bytes bytes, std::uint64_t block_size = small_block);

} // namespace two_path::tests
