#include "tests/unit/update-module/transport/release_file.hpp"

#include <algorithm>
#include <random>

namespace two_path::tests {

Bytes noise(std::size_t size, unsigned seed) {
    std::mt19937_64 random(seed);
    Bytes bytes(size);
    std::ranges::generate(bytes, [&random] { return static_cast<std::uint8_t>(random()); });
    return bytes;
}

ReleaseFile release_file(Bytes bytes, std::uint64_t block_size) {
    WireDigester digester(block_size);
    digester.update(bytes);
    auto digests = digester.finish();
    DescriptorFile file;
    file.name = "payload.bin";
    file.size = bytes.size();
    file.wire_size = bytes.size();
    file.id = digests.sha256.hex();
    file.sha256 = file.id;
    for (const auto& list : digests.block_lists)
        file.blocks[list.kind()] = digest_of(DigestKind::sha256, list.bytes()).hex();
    return {std::move(bytes), std::move(file), std::move(digests.block_lists), block_size};
}

bulk::BlockVerifier ReleaseFile::verifier(DigestKind kind) const {
    const auto list = std::ranges::find(lists, kind, &BlockList::kind);
    return bulk::BlockVerifier::make(file, block_size, *list).value();
}

ByteView ReleaseFile::block(std::uint64_t index) const {
    const auto offset = static_cast<std::size_t>(index * block_size);
    return ByteView(bytes).subspan(offset, std::min<std::size_t>(block_size, bytes.size() - offset));
}

} // namespace two_path::tests
