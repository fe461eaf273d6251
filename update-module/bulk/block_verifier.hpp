/// What the first path promised of one file's bytes: which block is good.
#pragma once

#include "protocol/descriptor.hpp"
#include "protocol/digest.hpp"

#include <cstdint>
#include <string>

namespace two_path::bulk {

/// One file's block list, checked against its descriptor. Not thread-safe.
class BlockVerifier {
  public:
    /// Fails with bad_block_list when the descriptor has no list of this digest, or another one, or when the
    /// list has another number of blocks than the file. `file` is not empty (it would have no list).
    [[nodiscard]] static Result<BlockVerifier> make(const DescriptorFile& file, std::uint64_t block_size,
                                                    BlockList list);

    /// Whether these are the bytes of block `index`. Claims C4 and C8 rest on it: nothing is used before.
    [[nodiscard]] bool good(std::size_t index, ByteView bytes);

    [[nodiscard]] const std::string& id() const noexcept { return id_; }
    [[nodiscard]] std::uint64_t size() const noexcept { return size_; } ///< encoded bytes
    [[nodiscard]] std::uint64_t block_size() const noexcept { return block_size_; }
    [[nodiscard]] std::size_t count() const noexcept { return list_.count(); }
    [[nodiscard]] std::uint64_t offset(std::size_t index) const noexcept { return index * block_size_; }
    /// Bytes of block `index`; only the last one is shorter.
    [[nodiscard]] std::size_t length(std::size_t index) const noexcept;
    [[nodiscard]] DigestKind kind() const noexcept { return list_.kind(); }
    /// The digest that block `index` must have.
    [[nodiscard]] DigestValue expected(std::size_t index) const noexcept { return list_.at(index); }
    /// SHA-256 of the list, hex: as signed.
    [[nodiscard]] const std::string& list_digest() const noexcept { return list_digest_; }

  private:
    BlockVerifier(const DescriptorFile& file, std::uint64_t block_size, BlockList list);

    std::string id_;
    std::uint64_t size_;
    std::uint64_t block_size_;
    BlockList list_;
    std::string list_digest_;
    Digest digest_;
};

} // namespace two_path::bulk
