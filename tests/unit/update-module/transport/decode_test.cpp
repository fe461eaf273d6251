#include "tests/support/temporary_folder.hpp"
#include "tests/unit/update-module/transport/release_file.hpp"
#include "update-module/bulk/decode.hpp"

#include <boost/test/unit_test.hpp>

#include <archive.h>
#include <archive_entry.h>

#include <filesystem>
#include <fstream>

#include <fcntl.h>

using namespace two_path;
using bulk::FileSource;
using tests::noise;

BOOST_AUTO_TEST_SUITE(decode)

namespace {

/// `bytes` packed by libarchive's own writer.
Bytes encode(const Bytes& bytes, Encoding encoding) {
    if (encoding == Encoding::none) return bytes;
    std::size_t used = 0;
    Bytes packed(bytes.size() + 64 * 1024);
    archive* writer = archive_write_new();
    if (encoding == Encoding::gzip) BOOST_REQUIRE_EQUAL(archive_write_add_filter_gzip(writer), ARCHIVE_OK);
    if (encoding == Encoding::xz) BOOST_REQUIRE_EQUAL(archive_write_add_filter_xz(writer), ARCHIVE_OK);
    if (encoding == Encoding::zstd) BOOST_REQUIRE_EQUAL(archive_write_add_filter_zstd(writer), ARCHIVE_OK);
    archive_write_set_format_raw(writer);
    archive_write_set_bytes_in_last_block(writer, 1);
    archive_write_open_memory(writer, packed.data(), packed.size(), &used);
    archive_entry* entry = archive_entry_new();
    archive_entry_set_filetype(entry, AE_IFREG);
    BOOST_REQUIRE_EQUAL(archive_write_header(writer, entry), ARCHIVE_OK);
    BOOST_REQUIRE_EQUAL(archive_write_data(writer, bytes.data(), bytes.size()),
                        static_cast<la_ssize_t>(bytes.size()));
    archive_entry_free(entry);
    BOOST_REQUIRE_EQUAL(archive_write_close(writer), ARCHIVE_OK);
    archive_write_free(writer);
    packed.resize(used);
    return packed;
}

/// Packed bytes on disk, beside what the descriptor says of them.
struct Packed {
    Packed(const Bytes& wire, std::uint64_t size, Encoding encoding) {
        std::ofstream(path, std::ios::binary)
            .write(reinterpret_cast<const char*>(wire.data()), static_cast<std::streamsize>(wire.size()));
        file.name = "payload.bin";
        file.encoding = encoding;
        file.size = size;
        file.wire_size = wire.size();
    }
    tests::TemporaryFolder folder;
    std::string path = (std::filesystem::path(folder.path()) / "wire").string();
    DescriptorFile file;
};

/// Everything, by reads of an odd size; stops at the first error.
Result<Bytes> read_all(const Packed& packed) {
    auto source = FileSource::open(packed.path, packed.file);
    if (!source) return source.error();
    Bytes all;
    Bytes buffer(10'007);
    for (;;) {
        const auto got = source->read(buffer);
        if (!got) return got.error();
        BOOST_REQUIRE_LE(all.size() + *got, packed.file.size);
        if (*got == 0) return all;
        all.insert(all.end(), buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(*got));
    }
}

void check_refused(const Packed& packed) {
    const auto read = read_all(packed);
    BOOST_REQUIRE(!read);
    BOOST_TEST((read.error().code == Errc::decode_failed), read.error().message());
}

constexpr std::array encodings{Encoding::none, Encoding::gzip, Encoding::xz, Encoding::zstd};
constexpr std::array packings{Encoding::gzip, Encoding::xz, Encoding::zstd};

} // namespace

BOOST_AUTO_TEST_CASE(gives_exactly_the_bytes_that_were_packed) {
    for (const auto encoding : encodings) {
        for (const std::size_t size : {1U, 4096U, 300'001U}) {
            BOOST_TEST_CONTEXT(name_of(encoding) << ", " << size << " bytes") {
                const auto bytes = noise(size);
                const Packed packed(encode(bytes, encoding), size, encoding);
                BOOST_TEST((read_all(packed).value() == bytes));
            }
        }
    }
}

BOOST_AUTO_TEST_CASE(unpacks_one_layer_only) {
    const auto inner = encode(noise(10'000), Encoding::gzip);
    const Packed packed(encode(inner, Encoding::gzip), inner.size(), Encoding::gzip);
    BOOST_TEST((read_all(packed).value() == inner));
}

BOOST_AUTO_TEST_CASE(refuses_data_that_end_early) {
    const auto bytes = noise(300'001);
    for (const auto encoding : packings) {
        const auto whole = encode(bytes, encoding);
        for (const std::size_t missing : {std::size_t{1}, std::size_t{9}, whole.size() / 2}) {
            BOOST_TEST_CONTEXT(name_of(encoding) << " without its last " << missing) {
                check_refused({{whole.begin(), whole.end() - static_cast<std::ptrdiff_t>(missing)},
                               bytes.size(),
                               encoding});
            }
        }
    }
}

BOOST_AUTO_TEST_CASE(refuses_bytes_behind_the_end) {
    const auto bytes = noise(300'001);
    for (const auto encoding : packings) {
        auto wire = encode(bytes, encoding);
        for (const char c : std::string("trailing garbage"))
            wire.push_back(static_cast<std::uint8_t>(c));
        BOOST_TEST_CONTEXT(name_of(encoding)) {
            check_refused({wire, bytes.size(), encoding});
        }
    }
}

BOOST_AUTO_TEST_CASE(refuses_more_or_less_than_the_promised_size) {
    const auto bytes = noise(300'001);
    for (const auto encoding : packings) {
        const auto wire = encode(bytes, encoding);
        BOOST_TEST_CONTEXT(name_of(encoding)) {
            check_refused({wire, bytes.size() - 1, encoding});
            check_refused({wire, bytes.size() + 1, encoding});
        }
    }
    Packed plain(bytes, bytes.size(), Encoding::none);
    plain.file.wire_size = plain.file.size = bytes.size() + 1;
    check_refused(plain);
}

BOOST_AUTO_TEST_CASE(a_decompression_bomb_ends_at_the_promised_size) {
    const Bytes zeros(64 * 1024 * 1024);
    for (const auto encoding : packings) {
        const auto wire = encode(zeros, encoding);
        BOOST_TEST(wire.size() < zeros.size() / 100);
        BOOST_TEST_CONTEXT(name_of(encoding)) {
            check_refused({wire, 100'000, encoding});
        }
    }
}

BOOST_AUTO_TEST_CASE(refuses_data_of_another_encoding) {
    const auto bytes = noise(100'000);
    for (const auto made : encodings)
        for (const auto announced : packings)
            if (made != announced)
                BOOST_TEST_CONTEXT(name_of(made) << " announced as " << name_of(announced)) {
                    check_refused({encode(bytes, made), bytes.size(), announced});
                }
}

BOOST_AUTO_TEST_SUITE_END()
