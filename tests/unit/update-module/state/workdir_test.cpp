#include "tests/unit/update-module/state/files.hpp"

#include "update-module/workdir.hpp"

#include <boost/json/serialize.hpp>
#include <boost/test/unit_test.hpp>

#include <functional>
#include <thread>

#include <sys/stat.h>

using namespace two_path;
using namespace two_path::device;
using tests::put;

BOOST_AUTO_TEST_SUITE(workdir)

namespace {

/// A release of one file of three blocks, and the tree in which the client gives us its lists.
struct Client {
    tests::TemporaryFolder folder;
    std::string tree{folder.path().string()};
    Descriptor descriptor;
    std::map<std::string, std::string> members;

    Client() {
        descriptor.release = "app-2.0";
        descriptor.version = "2.0";
        descriptor.stream = "app";
        descriptor.installer.type = "single-file";
        descriptor.block_size = Descriptor::min_block;
        WireDigester digester(descriptor.block_size);
        const Bytes content(2 * Descriptor::min_block + 5, 'x');
        digester.update(content);
        const auto wire = digester.finish();
        DescriptorFile file;
        file.name = "app";
        file.size = file.wire_size = wire.size;
        file.id = file.sha256 = wire.sha256.hex();
        for (const auto& list : wire.block_lists) {
            file.blocks[list.kind()] = digest_of(DigestKind::sha256, list.bytes()).hex();
            members[file.list_name(list.kind())] = std::string(list.bytes().begin(), list.bytes().end());
        }
        descriptor.files.push_back(file);
        descriptor.files.push_back(
            DescriptorFile{"empty", 0, std::string(64, 'e'), {}, 0, std::string(64, 'e'), {}});
    }

    [[nodiscard]] std::string list_name(DigestKind kind) const { return descriptor.files[0].list_name(kind); }

    /// Gives every member as a client does, while the lists are read.
    Result<BlockLists> drain(bool with_sizes = false) {
        std::filesystem::create_directory(tree + "/streams");
        BOOST_REQUIRE(::mkfifo((tree + "/stream-next").c_str(), 0600) == 0);
        for (const auto& [name, content] : members)
            BOOST_REQUIRE(::mkfifo((tree + "/streams/" + name).c_str(), 0600) == 0);
        std::thread feeder([&] {
            for (const auto& [name, content] : members) {
                const auto size = with_sizes ? " " + std::to_string(content.size()) : std::string();
                std::ofstream(tree + "/stream-next") << "streams/" + name + size + "\n";
                std::ofstream(tree + "/streams/" + name, std::ios::binary) << content;
            }
            std::ofstream(tree + "/stream-next").flush();
        });
        auto lists = drain_block_lists(tree, descriptor);
        feeder.join();
        return lists;
    }

    void refuses(const std::string& named) {
        const auto lists = drain();
        BOOST_REQUIRE(!lists);
        BOOST_TEST((lists.error().code == Errc::bad_block_list));
        BOOST_TEST(lists.error().detail.find(named) != std::string::npos, lists.error().detail);
    }
};

} // namespace

BOOST_AUTO_TEST_CASE(takes_every_list_that_the_descriptor_announces) {
    for (const bool with_sizes : {false, true}) {
        Client client;
        const auto lists = client.drain(with_sizes);
        BOOST_REQUIRE_MESSAGE(lists, (lists ? "" : lists.error().message()));
        BOOST_TEST(lists->size() == 2U);
        for (const auto kind : all_digests) {
            const auto& list = lists->at(client.list_name(kind));
            BOOST_TEST((list.kind() == kind));
            BOOST_TEST(list.count() == 3U);
        }
    }
}

BOOST_AUTO_TEST_CASE(a_list_that_differs_is_refused_after_everything_was_read) {
    for (const auto kind : all_digests) {
        Client client;
        client.members[client.list_name(kind)][0] ^= 1;
        client.refuses(client.list_name(kind));
    }
}

BOOST_AUTO_TEST_CASE(a_list_of_another_size_is_refused) {
    Client longer;
    longer.members[longer.list_name(DigestKind::sha256)] += std::string(1'000'000, 'x');
    longer.refuses("96 bytes");
    Client shorter;
    shorter.members[shorter.list_name(DigestKind::sha256)].resize(64);
    shorter.refuses("96 bytes");
}

BOOST_AUTO_TEST_CASE(a_missing_list_is_refused) {
    Client client;
    client.members.erase(client.list_name(DigestKind::blake2b512));
    client.refuses("is missing");
}

BOOST_AUTO_TEST_CASE(lists_of_later_digests_are_left_out) {
    Client client;
    client.members[client.descriptor.files[0].id + ".blake9"] = std::string(100'000, 'x');
    const auto lists = client.drain();
    BOOST_REQUIRE(lists);
    BOOST_TEST(lists->size() == 2U);
}

BOOST_AUTO_TEST_CASE(a_release_of_empty_files_has_no_lists) {
    Client client;
    client.descriptor.files.erase(client.descriptor.files.begin());
    client.members.clear();
    const auto lists = client.drain();
    BOOST_REQUIRE(lists);
    BOOST_TEST(lists->empty());
}

BOOST_AUTO_TEST_CASE(the_descriptor_is_the_header_s_meta_data) {
    Client client;
    const auto none = read_descriptor(client.tree);
    BOOST_REQUIRE(!none);
    BOOST_TEST((none.error().code == Errc::not_found));
    put(client.tree + "/header/meta-data", json::serialize(to_json(client.descriptor)));
    const auto read = read_descriptor(client.tree);
    BOOST_REQUIRE_MESSAGE(read, (read ? "" : read.error().message()));
    BOOST_TEST(read->release == "app-2.0");
    put(client.tree + "/header/meta-data", "null");
    BOOST_TEST((read_descriptor(client.tree).error().code == Errc::bad_descriptor));
    put(client.tree + "/header/meta-data", std::string(100'000, ' '));
    BOOST_TEST((read_descriptor(client.tree).error().code == Errc::bad_descriptor));
}

BOOST_AUTO_TEST_SUITE_END()
