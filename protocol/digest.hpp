/// The digests by which the second path's bytes are trusted: streaming, and block by block.
#pragma once

#include "protocol/encoding.hpp"
#include "protocol/error.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

struct evp_md_ctx_st;

namespace two_path {

/// A digest that descriptors carry. The set can grow without a new descriptor format.
enum class DigestKind : std::uint8_t { sha256, blake2b512 };

inline constexpr std::array all_digests{DigestKind::sha256, DigestKind::blake2b512};

/// The name used in descriptors and messages: `sha256`, `blake2b512`.
[[nodiscard]] std::string_view name_of(DigestKind kind) noexcept;
/// None for a digest that this release does not know.
[[nodiscard]] std::optional<DigestKind> digest_from_name(std::string_view name) noexcept;
/// Bytes per value: 32 or 64.
[[nodiscard]] std::size_t size_of(DigestKind kind) noexcept;

/// One digest value, without allocation.
class DigestValue {
  public:
    DigestValue() = default;
    /// `bytes` of at most 64; the rest is cut off.
    explicit DigestValue(ByteView bytes) noexcept;
    [[nodiscard]] ByteView view() const noexcept { return {bytes_.data(), size_}; }
    [[nodiscard]] std::string hex() const { return to_hex(view()); }
    bool operator==(const DigestValue& other) const noexcept;

  private:
    std::array<std::uint8_t, 64> bytes_{};
    std::size_t size_{0};
};

/// A digest in the making. Not thread-safe. Throws std::bad_alloc or std::runtime_error when OpenSSL cannot
/// serve.
class Digest {
  public:
    explicit Digest(DigestKind kind);
    void update(ByteView bytes);
    /// The value of all bytes since construction or the last finish(); starts anew.
    [[nodiscard]] DigestValue finish();

  private:
    struct Free {
        void operator()(evp_md_ctx_st* context) const noexcept;
    };
    std::unique_ptr<evp_md_ctx_st, Free> context_;
};

[[nodiscard]] DigestValue digest_of(DigestKind kind, ByteView bytes);
/// The SHA-256 of a text, as files are named by it.
[[nodiscard]] std::string sha256_hex(std::string_view text);

/// The digests of a file's blocks, in order: what the first path says about the second.
class BlockList {
  public:
    /// `concatenated` values of `kind`; fails with bad_block_list when its size is no multiple of theirs.
    [[nodiscard]] static Result<BlockList> parse(DigestKind kind, Bytes concatenated);

    [[nodiscard]] DigestKind kind() const noexcept { return kind_; }
    [[nodiscard]] std::size_t count() const noexcept { return concatenated_.size() / size_of(kind_); }
    [[nodiscard]] ByteView bytes() const noexcept { return concatenated_; }
    /// `index` < count().
    [[nodiscard]] DigestValue at(std::size_t index) const noexcept;

  private:
    BlockList(DigestKind kind, Bytes concatenated)
      : kind_(kind)
      , concatenated_(std::move(concatenated)) {}
    DigestKind kind_;
    Bytes concatenated_;
};

/// How many blocks of `block_size` cover `size` bytes; the last may be short.
[[nodiscard]] constexpr std::uint64_t block_count(std::uint64_t size, std::uint64_t block_size) noexcept {
    return size / block_size + (size % block_size != 0 ? 1 : 0);
}

/// What a publisher states of one file's encoded bytes.
struct WireDigests {
    std::uint64_t size{0};
    DigestValue sha256;
    std::vector<BlockList> block_lists; ///< one per digest of all_digests; empty for an empty file
};

/// Makes WireDigests in one pass over bytes that come in pieces of any size.
class WireDigester {
  public:
    explicit WireDigester(std::uint64_t block_size);
    void update(ByteView bytes);
    [[nodiscard]] WireDigests finish();

  private:
    void end_block();

    std::uint64_t block_size_;
    std::uint64_t in_block_{0};
    std::uint64_t size_{0};
    Digest whole_{DigestKind::sha256};
    std::vector<Digest> blocks_;
    std::vector<Bytes> lists_;
};

} // namespace two_path
