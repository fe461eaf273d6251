#include "update-module/bulk/block_verifier.hpp"

#include <algorithm>

namespace two_path::bulk {

BlockVerifier::BlockVerifier(const DescriptorFile& file, std::uint64_t block_size, BlockList list)
  : id_(file.id)
  , size_(file.wire_size)
  , block_size_(block_size)
  , list_(std::move(list))
  , list_digest_(file.blocks.at(list_.kind()))
  , digest_(list_.kind()) {}

Result<BlockVerifier> BlockVerifier::make(const DescriptorFile& file, std::uint64_t block_size,
                                          BlockList list) {
    const auto promised = file.blocks.find(list.kind());
    if (promised == file.blocks.end())
        return fail(Errc::bad_block_list,
                    file.name + ": the descriptor names no " + std::string(name_of(list.kind())) + " list");
    if (digest_of(DigestKind::sha256, list.bytes()).hex() != promised->second)
        return fail(Errc::bad_block_list, file.list_name(list.kind()) + " of " + file.name);
    if (block_size == 0 || file.wire_size == 0 || list.count() != block_count(file.wire_size, block_size))
        return fail(Errc::bad_block_list, file.name + ": " + std::to_string(list.count()) + " digests for " +
                                              std::to_string(file.wire_size) + " bytes in blocks of " +
                                              std::to_string(block_size));
    return BlockVerifier(file, block_size, std::move(list));
}

bool BlockVerifier::good(std::size_t index, ByteView bytes) {
    if (index >= count() || bytes.size() != length(index)) return false;
    digest_.update(bytes);
    return digest_.finish() == list_.at(index);
}

std::size_t BlockVerifier::length(std::size_t index) const noexcept {
    return static_cast<std::size_t>(std::min(block_size_, size_ - offset(index)));
}

} // namespace two_path::bulk
