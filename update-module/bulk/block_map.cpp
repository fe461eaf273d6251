#include "update-module/bulk/block_map.hpp"

#include "protocol/json.hpp"

#include <boost/json/serialize.hpp>

#include <bit>

namespace two_path::bulk {
namespace {

constexpr std::uint64_t map_format = 1;

Bytes pack(const std::vector<bool>& blocks) {
    Bytes bytes((blocks.size() + 7) / 8);
    for (std::size_t i = 0; i < blocks.size(); ++i)
        if (blocks[i]) bytes[i / 8] = static_cast<std::uint8_t>(bytes[i / 8] | (1U << (i % 8)));
    return bytes;
}

std::vector<bool> unpack(const Bytes& bytes, std::size_t count) {
    std::vector<bool> blocks(count);
    for (std::size_t i = 0; i < count; ++i)
        blocks[i] = ((bytes[i / 8] >> (i % 8)) & 1U) != 0;
    return blocks;
}

} // namespace

std::string print_block_map(const BlockVerifier& verifier, const std::vector<bool>& blocks) {
    const json::object object{{"format", map_format},
                              {"digest", name_of(verifier.kind())},
                              {"list", verifier.list_digest()},
                              {"block_size", verifier.block_size()},
                              {"verified", to_base64url(pack(blocks))}};
    return json::serialize(object) + "\n";
}

BlockMap parse_block_map(std::string_view text, const BlockVerifier& verifier) {
    const auto object = parse_object(text, "the map");
    if (!object) return {};
    Fields fields(*object, "map");
    const auto format = fields.number("format");
    if (fields.ok() && format != map_format) return {BlockMap::Kind::foreign, {}};
    const auto digest = fields.text("digest");
    const auto list = fields.text("list");
    const auto block_size = fields.number("block_size");
    const auto verified = from_base64url(fields.text("verified"));
    if (!fields.ok() || !verified) return {};
    if (digest != name_of(verifier.kind()) || list != verifier.list_digest() ||
        block_size != verifier.block_size())
        return {BlockMap::Kind::foreign, {}};
    if (verified->size() != (verifier.count() + 7) / 8) return {};
    return {BlockMap::Kind::ours, unpack(*verified, verifier.count())};
}

std::uint64_t verified_bytes_of(std::string_view text) {
    const auto object = parse_object(text, "the map");
    if (!object) return 0;
    Fields fields(*object, "map");
    const auto format = fields.number("format");
    const auto block_size = fields.number("block_size");
    const auto verified = from_base64url(fields.text("verified"));
    if (!fields.ok() || format != map_format || !verified || block_size > two_path::Descriptor::max_block)
        return 0;
    std::uint64_t blocks = 0;
    for (const auto byte : *verified)
        blocks += static_cast<unsigned>(std::popcount(byte));
    return blocks * block_size;
}

std::size_t max_block_map(std::uint64_t blocks) noexcept {
    constexpr std::size_t words = 512;
    return words + static_cast<std::size_t>(blocks / 8 + 1) * 4 / 3 + 4;
}

} // namespace two_path::bulk
