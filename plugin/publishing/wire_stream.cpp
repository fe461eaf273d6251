#include "plugin/publishing/wire_stream.hpp"

#include <utility>

namespace two_path::publishing {

WireStream::WireStream(std::string name, std::uint64_t size, catalog::ByteSource plain, Encoding encoding,
                       std::uint64_t block_size)
  : name_(std::move(name))
  , size_(size)
  , plain_(std::move(plain))
  , encoding_(encoding)
  , wire_(block_size)
  , encoder_(encoding, [this](std::span<std::uint8_t> buffer) { return read_plain(buffer); }) {
    if (encoding_ != Encoding::none) plain_digest_.emplace(DigestKind::sha256);
}

Result<std::size_t> WireStream::read_plain(std::span<std::uint8_t> buffer) {
    const auto got = plain_(buffer);
    if (!got) return got;
    plain_read_ += *got;
    if (plain_read_ > size_ || (*got == 0 && plain_read_ != size_))
        return fail(Errc::bad_request, name_ + ": its size changed while it was read");
    if (plain_digest_) plain_digest_->update(buffer.first(*got));
    return got;
}

Result<std::size_t> WireStream::read(std::span<std::uint8_t> buffer) {
    const auto got = encoder_.read(buffer);
    if (!got) return got;
    wire_.update(buffer.first(*got));
    if (*got == 0 && !sent_) finish();
    return got;
}

void WireStream::finish() {
    auto wire = wire_.finish();
    WireFile result;
    result.file.name = name_;
    result.file.size = plain_read_;
    result.file.encoding = encoding_;
    result.file.wire_size = wire.size;
    result.file.id = wire.sha256.hex();
    result.file.sha256 = plain_digest_ ? plain_digest_->finish().hex() : result.file.id;
    for (const auto& list : wire.block_lists)
        result.file.blocks.emplace(list.kind(), digest_of(DigestKind::sha256, list.bytes()).hex());
    result.lists = std::move(wire.block_lists);
    sent_ = std::move(result);
}

DescriptorFile empty_file(std::string name) {
    const auto nothing = digest_of(DigestKind::sha256, {}).hex();
    DescriptorFile file;
    file.name = std::move(name);
    file.sha256 = nothing;
    file.id = nothing;
    return file;
}

} // namespace two_path::publishing
