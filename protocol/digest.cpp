#include "protocol/digest.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <stdexcept>

namespace two_path {
namespace {

const EVP_MD* algorithm(DigestKind kind) noexcept {
    return kind == DigestKind::sha256 ? EVP_sha256() : EVP_blake2b512();
}

void check(int ok, const char* what) {
    if (ok != 1) throw std::runtime_error(std::string("OpenSSL cannot serve a digest: ") + what);
}

} // namespace

std::string_view name_of(DigestKind kind) noexcept {
    return kind == DigestKind::sha256 ? "sha256" : "blake2b512";
}

std::optional<DigestKind> digest_from_name(std::string_view name) noexcept {
    for (const auto kind : all_digests)
        if (name_of(kind) == name) return kind;
    return std::nullopt;
}

std::size_t size_of(DigestKind kind) noexcept {
    return kind == DigestKind::sha256 ? 32 : 64;
}

DigestValue::DigestValue(ByteView bytes) noexcept
  : size_(std::min(bytes.size(), bytes_.size())) {
    std::copy_n(bytes.begin(), size_, bytes_.begin());
}

bool DigestValue::operator==(const DigestValue& other) const noexcept {
    return std::ranges::equal(view(), other.view());
}

void Digest::Free::operator()(evp_md_ctx_st* context) const noexcept {
    EVP_MD_CTX_free(context);
}

Digest::Digest(DigestKind kind)
  : context_(EVP_MD_CTX_new()) {
    check(context_ != nullptr ? 1 : 0, "no context");
    check(EVP_DigestInit_ex(context_.get(), algorithm(kind), nullptr), "init");
}

void Digest::update(ByteView bytes) {
    check(EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()), "update");
}

DigestValue Digest::finish() {
    std::array<std::uint8_t, 64> value{};
    unsigned size = 0;
    check(EVP_DigestFinal_ex(context_.get(), value.data(), &size), "final");
    // The same algorithm again: to name it would be to look it up, which allocates.
    check(EVP_DigestInit_ex(context_.get(), nullptr, nullptr), "init");
    return DigestValue(ByteView(value.data(), size));
}

DigestValue digest_of(DigestKind kind, ByteView bytes) {
    Digest digest(kind);
    digest.update(bytes);
    return digest.finish();
}

std::string sha256_hex(std::string_view text) {
    return digest_of(DigestKind::sha256, bytes_of(text)).hex();
}

Result<BlockList> BlockList::parse(DigestKind kind, Bytes concatenated) {
    if (concatenated.size() % size_of(kind) != 0)
        return fail(Errc::bad_block_list, std::string(name_of(kind)) + " list of " +
                                              std::to_string(concatenated.size()) + " bytes");
    return BlockList(kind, std::move(concatenated));
}

DigestValue BlockList::at(std::size_t index) const noexcept {
    const auto size = size_of(kind_);
    return DigestValue(bytes().subspan(index * size, size));
}

WireDigester::WireDigester(std::uint64_t block_size)
  : block_size_(block_size)
  , lists_(all_digests.size()) {
    blocks_.reserve(all_digests.size());
    for (const auto kind : all_digests)
        blocks_.emplace_back(kind);
}

void WireDigester::update(ByteView bytes) {
    whole_.update(bytes);
    size_ += bytes.size();
    while (!bytes.empty()) {
        const auto left = block_size_ - in_block_;
        const auto part = bytes.first(static_cast<std::size_t>(std::min<std::uint64_t>(bytes.size(), left)));
        for (auto& block : blocks_)
            block.update(part);
        in_block_ += part.size();
        if (in_block_ == block_size_) end_block();
        bytes = bytes.subspan(part.size());
    }
}

void WireDigester::end_block() {
    for (std::size_t i = 0; i < blocks_.size(); ++i) {
        const auto value = blocks_[i].finish();
        lists_[i].insert(lists_[i].end(), value.view().begin(), value.view().end());
    }
    in_block_ = 0;
}

WireDigests WireDigester::finish() {
    if (in_block_ > 0) end_block();
    WireDigests all{size_, whole_.finish(), {}};
    if (size_ == 0) return all;
    for (std::size_t i = 0; i < lists_.size(); ++i)
        all.block_lists.push_back(BlockList::parse(all_digests[i], std::move(lists_[i])).value());
    return all;
}

} // namespace two_path
