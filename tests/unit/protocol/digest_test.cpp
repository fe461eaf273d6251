#include "protocol/digest.hpp"

#include <boost/test/unit_test.hpp>

namespace two_path {
BOOST_AUTO_TEST_SUITE(digest)

namespace {

// FIPS 180-4 and RFC 7693, appendix A: the digests of "abc".
constexpr std::string_view abc_sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
constexpr std::string_view abc_blake2b = "ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d1"
                                         "7d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923";

/// docs/protocol.md, "Test vectors": byte i is 7 i + 3 modulo 256.
Bytes vector_bytes(std::size_t size) {
    Bytes bytes(size);
    for (std::size_t i = 0; i < size; ++i)
        bytes[i] = static_cast<std::uint8_t>(i * 7 + 3);
    return bytes;
}

constexpr std::uint64_t block_size = 65536;

} // namespace

BOOST_AUTO_TEST_CASE(digests_have_their_standards_values) {
    BOOST_TEST(sha256_hex("abc") == abc_sha256);
    BOOST_TEST(digest_of(DigestKind::blake2b512, bytes_of("abc")).hex() == abc_blake2b);
    for (const auto kind : all_digests) {
        Digest digest(kind);
        digest.update(bytes_of("a"));
        digest.update(bytes_of("bc"));
        const auto first = digest.finish();
        digest.update(bytes_of("abc")); // it starts anew
        BOOST_TEST((first == digest.finish()));
        BOOST_TEST(first.view().size() == size_of(kind));
        BOOST_TEST((digest_from_name(name_of(kind)) == kind));
    }
    BOOST_TEST(!digest_from_name("sha-256").has_value());
}

BOOST_AUTO_TEST_CASE(wire_digests_have_the_documented_values_in_pieces_of_any_size) {
    const auto bytes = vector_bytes(150000);
    for (const std::size_t piece : {std::size_t{1}, std::size_t{1000}, std::size_t{65535}, std::size_t{65536},
                                    std::size_t{65537}, std::size_t{150000}}) {
        WireDigester digester(block_size);
        for (std::size_t at = 0; at < bytes.size(); at += piece)
            digester.update(ByteView(bytes).subspan(at, std::min(piece, bytes.size() - at)));
        const auto wire = digester.finish();
        BOOST_TEST(wire.size == 150000U);
        BOOST_TEST(wire.sha256.hex() == "1a30606485db064b096234e62251582c1df2a03388118482cfc7334d4f61efb2");
        BOOST_REQUIRE_EQUAL(wire.block_lists.size(), 2U);
        BOOST_TEST(wire.block_lists[0].count() == 3U);
        const auto list = [&](std::size_t i) {
            return digest_of(DigestKind::sha256, wire.block_lists[i].bytes()).hex();
        };
        BOOST_TEST((wire.block_lists[0].kind() == DigestKind::sha256));
        BOOST_TEST(list(0) == "7a5e224aec919ce7f838bd0dbf1c378e76d6311fef395ca687b709abaf6584a3");
        BOOST_TEST((wire.block_lists[1].kind() == DigestKind::blake2b512));
        BOOST_TEST(list(1) == "3bc734832703fb54ac99f1b8d1240f001f24564f29cfdec7ec554a072d5b29ba");
    }
}

BOOST_AUTO_TEST_CASE(a_block_list_gives_each_block_s_own_digest) {
    const auto bytes = vector_bytes(block_size + 1);
    WireDigester digester(block_size);
    digester.update(bytes);
    for (const auto& list : digester.finish().block_lists) {
        BOOST_REQUIRE_EQUAL(list.count(), 2U);
        BOOST_TEST((list.at(0) == digest_of(list.kind(), ByteView(bytes).first(block_size))));
        BOOST_TEST((list.at(1) == digest_of(list.kind(), ByteView(bytes).last(1))));
        BOOST_TEST(!(list.at(0) == list.at(1)));
        const auto parsed = BlockList::parse(list.kind(), Bytes(list.bytes().begin(), list.bytes().end()));
        BOOST_REQUIRE(parsed);
        BOOST_TEST((parsed->at(1) == list.at(1)));
    }
}

BOOST_AUTO_TEST_CASE(an_empty_file_has_no_block_list) {
    const auto wire = WireDigester(block_size).finish();
    BOOST_TEST(wire.size == 0U);
    BOOST_TEST(wire.block_lists.empty());
    BOOST_TEST(wire.sha256.hex() == digest_of(DigestKind::sha256, {}).hex());
}

BOOST_AUTO_TEST_CASE(a_block_list_of_the_wrong_size_is_refused) {
    for (const auto kind : all_digests)
        for (const std::size_t size : {std::size_t{1}, size_of(kind) - 1, size_of(kind) + 1}) {
            const auto parsed = BlockList::parse(kind, Bytes(size));
            BOOST_REQUIRE(!parsed);
            BOOST_TEST((parsed.error().code == Errc::bad_block_list));
        }
    BOOST_TEST(BlockList::parse(DigestKind::sha256, {}).value().count() == 0U);
}

BOOST_AUTO_TEST_CASE(blocks_cover_a_file_to_its_last_byte) {
    BOOST_TEST(block_count(0, block_size) == 0U);
    BOOST_TEST(block_count(1, block_size) == 1U);
    BOOST_TEST(block_count(block_size, block_size) == 1U);
    BOOST_TEST(block_count(block_size + 1, block_size) == 2U);
    BOOST_TEST(block_count(~std::uint64_t{0}, block_size) == (std::uint64_t{1} << 48U));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace two_path
