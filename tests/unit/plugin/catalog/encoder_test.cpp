#include "artifact_parts.hpp"
#include "plugin/catalog/encoder.hpp"
#include "tests/support/program.hpp"
#include "tests/support/temporary_folder.hpp"

#include <boost/test/unit_test.hpp>

#include <fstream>
#include <iterator>
#include <sstream>

namespace two_path::tests {
BOOST_AUTO_TEST_SUITE(encoder)

namespace {

Result<std::string> packed(Encoding encoding, catalog::ByteSource source, std::size_t piece = 10'000) {
    catalog::Encoder encoder(encoding, std::move(source));
    std::string all;
    std::vector<std::uint8_t> buffer(piece);
    while (true) {
        const auto got = encoder.read(buffer);
        if (!got) return got.error();
        if (*got == 0) return all;
        all.append(buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(*got));
    }
}

std::string sample() {
    std::string text;
    for (int i = 0; i < 200'000; ++i)
        text += std::to_string(i * 7919 % 1000);
    return text;
}

} // namespace

BOOST_AUTO_TEST_CASE(the_usual_programs_unpack_what_was_packed) {
    const TemporaryFolder folder;
    const auto plain = sample();
    const std::pair<Encoding, std::vector<std::string>> cases[] = {
        {Encoding::none, {"cat"}},
        {Encoding::gzip, {"gzip", "-dc"}},
        {Encoding::xz, {"xz", "--format=xz", "-dc"}},
        {Encoding::zstd, {"zstd", "-dqc"}}};
    for (const auto& [encoding, command] : cases) {
        if (!has_program(command.front())) {
            BOOST_TEST_MESSAGE("skipped: no program " << command.front());
            continue;
        }
        const auto bytes = packed(encoding, source_of(plain)).value();
        if (encoding != Encoding::none) BOOST_TEST(bytes.size() < plain.size() / 2);
        std::ofstream(folder / "packed", std::ios::binary) << bytes;
        auto words = command;
        words.push_back((folder / "packed").string());
        const auto unpacked = run_program(words);
        BOOST_TEST(unpacked.exit_code == 0);
        BOOST_TEST((unpacked.output == plain), name_of(encoding));
    }
}

BOOST_AUTO_TEST_CASE(packing_does_not_depend_on_time_or_pieces) {
    const auto plain = sample();
    for (const auto encoding : {Encoding::none, Encoding::gzip, Encoding::xz, Encoding::zstd}) {
        const auto once = packed(encoding, source_of(plain, 1000), 1).value();
        const auto again = packed(encoding, source_of(plain, 64 * 1024), 1 << 20).value();
        BOOST_TEST((once == again), name_of(encoding));
    }
}

BOOST_AUTO_TEST_CASE(gzip_tells_no_time) {
    const auto bytes = packed(Encoding::gzip, source_of("hello")).value();
    BOOST_TEST(bytes.substr(4, 4) == std::string(4, '\0')); // MTIME, RFC 1952
}

BOOST_AUTO_TEST_CASE(a_source_that_fails_ends_it) {
    for (const auto encoding : {Encoding::none, Encoding::zstd}) {
        const auto failed =
            packed(encoding, [](auto) -> Result<std::size_t> { return fail(Errc::io_error, "disk"); });
        BOOST_REQUIRE(!failed);
        BOOST_TEST((failed.error().code == Errc::io_error));
    }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace two_path::tests
