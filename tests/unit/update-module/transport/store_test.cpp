#include "tests/support/temporary_folder.hpp"
#include "tests/unit/update-module/transport/release_file.hpp"
#include "update-module/bulk/block_map.hpp"
#include "update-module/bulk/payload_store.hpp"

#include <boost/test/unit_test.hpp>

#include <filesystem>
#include <fstream>
#include <sstream>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace fs = std::filesystem;
using namespace two_path;
using tests::noise;
using tests::release_file;
using tests::small_block;

namespace {

struct StoreFolder {
    tests::TemporaryFolder folder;
    std::string path = (fs::path(folder.path()) / "store").string();
    bulk::PayloadStore store{path};
    tests::ReleaseFile file = release_file(noise(5 * small_block + 100));

    std::string data() const { return path + "/" + file.file.id; }
    std::string map() const { return data() + ".map"; }

    /// Leaves these blocks as an earlier run would.
    void earlier_run(std::initializer_list<std::uint64_t> blocks, DigestKind kind = DigestKind::sha256) {
        auto payload = store.open(file.verifier(kind)).value();
        for (const auto block : blocks)
            payload->put(block, file.block(block)).value();
        payload->checkpoint().value();
    }

    void overwrite(std::uint64_t offset, char byte) const {
        std::fstream stream(data(), std::ios::in | std::ios::out | std::ios::binary);
        stream.seekp(static_cast<std::streamoff>(offset));
        stream.put(byte);
    }
};

std::string present(const std::unique_ptr<bulk::StoredPayload>& payload) {
    std::string text;
    for (std::uint64_t block = 0; block < payload->count(); ++block)
        text += payload->has(block) ? '1' : '0';
    return text;
}

mode_t mode_of(const std::string& path) {
    struct stat about {};
    BOOST_REQUIRE_EQUAL(::stat(path.c_str(), &about), 0);
    return about.st_mode & 0777U;
}

} // namespace

BOOST_AUTO_TEST_SUITE(block_verifier)

BOOST_AUTO_TEST_CASE(takes_each_block_of_the_file_and_nothing_else) {
    const auto file = release_file(noise(3 * small_block + 7));
    for (const auto kind : all_digests) {
        auto verifier = file.verifier(kind);
        BOOST_REQUIRE_EQUAL(verifier.count(), 4U);
        for (std::uint64_t block = 0; block < verifier.count(); ++block) {
            BOOST_TEST(verifier.good(block, file.block(block)));
            auto changed = Bytes(file.block(block).begin(), file.block(block).end());
            changed.back() ^= 1;
            BOOST_TEST(!verifier.good(block, changed));
            BOOST_TEST(!verifier.good(block, file.block(block).first(file.block(block).size() - 1)));
        }
        BOOST_TEST(!verifier.good(1, file.block(2)));
        BOOST_TEST(!verifier.good(4, file.block(3)));
    }
}

BOOST_AUTO_TEST_CASE(refuses_a_list_that_the_descriptor_does_not_promise) {
    const auto file = release_file(noise(3 * small_block));
    const auto other = release_file(noise(3 * small_block, 2));
    const auto made = bulk::BlockVerifier::make(file.file, small_block, other.lists.front());
    BOOST_REQUIRE(!made);
    BOOST_TEST((made.error().code == Errc::bad_block_list));

    auto unpromised = file;
    unpromised.file.blocks.erase(DigestKind::blake2b512);
    for (const auto& list : file.lists)
        if (list.kind() == DigestKind::blake2b512)
            BOOST_TEST(!bulk::BlockVerifier::make(unpromised.file, small_block, list));

    BOOST_TEST(!bulk::BlockVerifier::make(file.file, 2 * small_block, file.lists.front()));
    auto longer = file;
    longer.file.wire_size += small_block;
    BOOST_TEST(!bulk::BlockVerifier::make(longer.file, small_block, file.lists.front()));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(payload_store, StoreFolder)

BOOST_AUTO_TEST_CASE(keeps_blocks_from_one_run_to_the_next) {
    earlier_run({0, 3, 5});
    auto payload = store.open(file.verifier()).value();
    BOOST_TEST(present(payload) == "100101");
    BOOST_TEST(payload->kept_bytes() == 2 * small_block + 100);
    for (const std::uint64_t block : {1U, 2U, 4U})
        payload->put(block, file.block(block)).value();
    BOOST_TEST(payload->complete());
    BOOST_TEST(payload->kept_bytes() == 2 * small_block + 100);
    std::ifstream stream(data(), std::ios::binary);
    const std::string content(std::istreambuf_iterator<char>(stream), {});
    BOOST_TEST((content == std::string(file.bytes.begin(), file.bytes.end())));
}

BOOST_AUTO_TEST_CASE(only_its_owner_may_read_it) {
    earlier_run({0});
    BOOST_TEST(mode_of(path) == 0700U);
    BOOST_TEST(mode_of(data()) == 0600U);
    BOOST_TEST(mode_of(map()) == 0600U);
}

BOOST_AUTO_TEST_CASE(what_was_not_checkpointed_is_not_counted) {
    {
        auto payload = store.open(file.verifier()).value();
        payload->put(0, file.block(0)).value();
        payload->checkpoint().value();
        payload->put(1, file.block(1)).value();
    }
    BOOST_TEST(present(store.open(file.verifier()).value()) == "100000");
}

BOOST_AUTO_TEST_CASE(checkpoints_by_itself_after_16_mebibytes) {
    constexpr std::uint64_t block_size = 4 * 1024 * 1024;
    const auto large = release_file(noise(5 * block_size), block_size);
    {
        auto payload = store.open(large.verifier()).value();
        for (const std::uint64_t block : {0U, 1U, 2U, 3U, 4U})
            payload->put(block, large.block(block)).value();
    }
    BOOST_TEST(present(store.open(large.verifier()).value()) == "11110");
}

BOOST_AUTO_TEST_CASE(a_block_poisoned_on_disk_is_missing_again) {
    earlier_run({0, 1, 2});
    overwrite(small_block + 17, static_cast<char>(file.bytes[small_block + 17] ^ 1));
    BOOST_TEST(present(store.open(file.verifier()).value()) == "101000");
    // The map on disk has forgotten it as well.
    std::ifstream stream(map());
    const std::string text(std::istreambuf_iterator<char>(stream), {});
    const auto read = bulk::parse_block_map(text, file.verifier());
    BOOST_TEST((read.kind == bulk::BlockMap::Kind::ours));
    BOOST_TEST(!read.blocks.at(1));
}

BOOST_AUTO_TEST_CASE(no_damage_of_the_map_makes_a_bad_block_count) {
    earlier_run({0, 1, 2});
    overwrite(small_block + 7, '!');
    std::ostringstream written;
    written << std::ifstream(map(), std::ios::binary).rdbuf();
    for (std::size_t i = 0; i < written.str().size(); ++i) {
        auto text = written.str();
        text[i] = static_cast<char>(text[i] ^ 4);
        std::ofstream(map(), std::ios::binary) << text;
        const auto found = present(store.open(file.verifier()).value());
        BOOST_TEST(found.substr(1, 1) == "0");
        BOOST_TEST(found.substr(3) == "000");
    }
}

BOOST_AUTO_TEST_CASE(a_damaged_map_is_set_aside_and_the_data_tried) {
    for (const auto* text : {"", "{", "[]", "{\"format\":1}", "{\"format\":1,\"digest\":\"sha256\"}"}) {
        earlier_run({1, 2});
        std::ofstream(map(), std::ios::trunc) << text;
        const auto payload = store.open(file.verifier()).value();
        BOOST_TEST(present(payload) == "011000", "map: " << text);
        BOOST_TEST(fs::exists(map() + ".corrupt"));
        store.remove(file.file.id).value();
    }
}

BOOST_AUTO_TEST_CASE(a_map_of_another_list_is_not_believed) {
    earlier_run({0, 1});
    // Another descriptor says that the same file has other blocks: nothing of it counts.
    auto lying = file;
    const auto stranger = release_file(noise(file.bytes.size(), 2));
    lying.lists = stranger.lists;
    lying.file.blocks = stranger.file.blocks;
    BOOST_TEST(present(store.open(lying.verifier()).value()) == "000000");
    // The bytes are there, and the first descriptor still finds them.
    BOOST_TEST(present(store.open(file.verifier()).value()) == "110000");
}

BOOST_AUTO_TEST_CASE(a_map_alone_proves_nothing) {
    earlier_run({0, 1, 2, 3, 4, 5});
    std::ofstream(data(), std::ios::trunc | std::ios::binary) << std::string(5 * small_block + 100, 'x');
    BOOST_TEST(present(store.open(file.verifier()).value()) == "000000");
}

BOOST_AUTO_TEST_CASE(blocks_serve_another_digest_and_block_size) {
    earlier_run({0, 1, 2, 3, 4, 5});
    BOOST_TEST(present(store.open(file.verifier(DigestKind::blake2b512)).value()) == "111111");
    const auto coarser = release_file(file.bytes, 2 * small_block);
    BOOST_TEST(present(store.open(coarser.verifier()).value()) == "111");
}

BOOST_AUTO_TEST_CASE(data_longer_than_the_file_are_cut) {
    earlier_run({0});
    fs::resize_file(data(), 50 * small_block);
    BOOST_TEST(present(store.open(file.verifier()).value()) == "100000");
    BOOST_TEST(fs::file_size(data()) == file.bytes.size());
}

BOOST_AUTO_TEST_CASE(two_runs_at_once_are_refused) {
    const auto first = store.open(file.verifier()).value();
    const auto second = store.open(file.verifier());
    BOOST_REQUIRE(!second);
    BOOST_TEST((second.error().code == Errc::conflict));
}

BOOST_AUTO_TEST_CASE(a_link_in_place_of_the_file_is_refused) {
    fs::create_directories(path);
    const auto target = path + "/target";
    std::ofstream(target) << "precious";
    fs::create_symlink(target, data());
    BOOST_TEST(!store.open(file.verifier()));
    BOOST_TEST(fs::file_size(target) == 8U);
}

BOOST_AUTO_TEST_CASE(knows_what_is_missing_and_what_there_is_room_for) {
    BOOST_TEST(store.missing({file.file, file.file}) == file.bytes.size());
    earlier_run({0, 1});
    const auto missing = store.missing({file.file});
    BOOST_TEST(missing <= file.bytes.size() - 2 * small_block);
    BOOST_TEST(missing >= file.bytes.size() - 3 * small_block);
    BOOST_TEST(bool(store.make_room(missing, {file.file.id})));
    BOOST_TEST(fs::exists(data()));
    // Nothing is given away for what cannot be.
    const auto refused = store.make_room(std::uint64_t{1} << 52U, {});
    BOOST_REQUIRE(!refused);
    BOOST_TEST((refused.error().code == Errc::no_room));
    BOOST_TEST(fs::exists(data()));
}

BOOST_AUTO_TEST_CASE(reclaims_what_is_old_and_not_kept) {
    const auto old = release_file(noise(small_block, 7));
    const auto kept = release_file(noise(small_block, 8));
    for (const auto* one : {&old, &kept}) {
        auto payload = store.open(one->verifier()).value();
        payload->put(0, one->block(0)).value();
        payload->checkpoint().value();
    }
    earlier_run({0});
    const auto long_ago = fs::file_time_type::clock::now() - std::chrono::hours(48);
    fs::last_write_time(store.path_of(old.file.id), long_ago);
    fs::last_write_time(store.path_of(kept.file.id), long_ago);
    fs::last_write_time(store.path_of(old.file.id) + ".map", long_ago);
    store.reclaim({kept.file.id}, std::chrono::hours(24));
    BOOST_TEST(!fs::exists(store.path_of(old.file.id)));
    BOOST_TEST(!fs::exists(store.path_of(old.file.id) + ".map"));
    BOOST_TEST(fs::exists(store.path_of(kept.file.id)));
    BOOST_TEST(fs::exists(data()));
}

BOOST_AUTO_TEST_CASE(reclaims_what_a_kill_left_without_data) {
    fs::create_directories(path);
    const auto long_ago = fs::file_time_type::clock::now() - std::chrono::hours(48);
    const auto orphan = store.path_of(file.file.id);
    for (const auto* suffix : {".map", ".map.new", ".map.corrupt"}) {
        std::ofstream(orphan + suffix) << "x";
        fs::last_write_time(orphan + suffix, long_ago);
    }
    std::ofstream(path + "/of another kind") << "x";
    store.reclaim({file.file.id}, std::chrono::hours(24));
    BOOST_TEST(fs::exists(orphan + ".map"));
    store.reclaim({}, std::chrono::hours(24));
    for (const auto* suffix : {".map", ".map.new", ".map.corrupt"})
        BOOST_TEST(!fs::exists(orphan + suffix));
    BOOST_TEST(fs::exists(path + "/of another kind"));
}

BOOST_AUTO_TEST_CASE(does_not_take_from_another_run) {
    earlier_run({0});
    const auto payload = store.open(file.verifier()).value();
    store.reclaim({}, std::chrono::seconds(-60));
    BOOST_TEST(fs::exists(data()));
    BOOST_TEST(fs::exists(map()));
}

BOOST_AUTO_TEST_CASE(removal_leaves_nothing) {
    earlier_run({0});
    std::ofstream(map() + ".corrupt") << "x";
    std::ofstream(map() + ".new") << "x";
    store.remove(file.file.id).value();
    BOOST_TEST(fs::is_empty(path));
    store.remove(file.file.id).value();
}

BOOST_AUTO_TEST_SUITE_END()
