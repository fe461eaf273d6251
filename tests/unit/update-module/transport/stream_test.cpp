#include "tests/support/temporary_folder.hpp"
#include "tests/unit/update-module/transport/ftp_site.hpp"
#include "tests/unit/update-module/transport/release_file.hpp"
#include "update-module/bulk/payload_store.hpp"
#include "update-module/bulk/payload_stream.hpp"
#include "update-module/bulk/receive.hpp"
#include "update-module/bulk/seeds.hpp"

#include <boost/test/unit_test.hpp>

#include <csignal>
#include <fstream>
#include <future>

#include <sys/stat.h>

using namespace two_path;
using tests::noise;
using tests::release_file;
using tests::small_block;

namespace {

/// Files that have blocks in common with a release.
struct SeedFiles {
    tests::TemporaryFolder folder;
    std::vector<std::string> paths;
    std::vector<std::string> notes;
    tests::ReleaseFile file = release_file(noise(6 * small_block + 100));

    SeedFiles() { std::signal(SIGPIPE, SIG_IGN); }

    static void write(const std::string& path, const Bytes& bytes) {
        std::ofstream(path, std::ios::binary)
            .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    }
    void seed(const Bytes& bytes) {
        paths.push_back((folder / ("seed" + std::to_string(paths.size()))).string());
        write(paths.back(), bytes);
    }
    bulk::Seeds seeds() {
        return {paths, [this](std::string_view line) { notes.emplace_back(line); }};
    }
    static Deadline soon() { return Deadline::in(milliseconds(20'000)); }

    /// All that comes out of a pipe, read by another thread until it has `size` bytes.
    static std::future<Bytes> taker(bulk::BytePipe& pipe, std::size_t size) {
        return std::async(std::launch::async, [&pipe, size] {
            Bytes all;
            Bytes part(10'007);
            while (all.size() < size) {
                const auto got = pipe.read(part, soon());
                if (!got) break;
                all.insert(all.end(), part.begin(), part.begin() + static_cast<std::ptrdiff_t>(*got));
            }
            return all;
        });
    }
};

std::string present(const bulk::Payload& payload) {
    std::string text;
    for (std::uint64_t block = 0; block < payload.count(); ++block)
        text += payload.has(block) ? '1' : '0';
    return text;
}

Bytes joined(std::initializer_list<ByteView> parts) {
    Bytes all;
    for (const auto part : parts)
        all.insert(all.end(), part.begin(), part.end());
    return all;
}

std::vector<bulk::BlockVerifier> verifiers(std::initializer_list<const tests::ReleaseFile*> files) {
    std::vector<bulk::BlockVerifier> all;
    for (const auto* file : files)
        all.push_back(file->verifier());
    return all;
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(seeds, SeedFiles)

BOOST_AUTO_TEST_CASE(serve_every_block_whose_digest_matches_wherever_it_lies) {
    const auto other = noise(small_block, 9);
    seed(joined({file.block(2), other, file.block(0), file.block(3)}));
    bulk::PayloadStore store((folder / "store").string());
    std::vector<std::unique_ptr<bulk::Payload>> payloads;
    payloads.push_back(store.open(file.verifier()).value());
    const auto found = seeds();
    found.search(payloads, soon()).value();
    BOOST_TEST(present(*payloads[0]) == "1011000");
    BOOST_TEST(payloads[0]->kept_bytes() == 3 * small_block);
    BOOST_TEST(payloads[0]->missing_bytes() == 3 * small_block + 100);
    // What the store has is on the disk, and good.
    payloads[0]->checkpoint().value();
    payloads.clear();
    BOOST_TEST(present(*store.open(file.verifier()).value()) == "1011000");
}

BOOST_AUTO_TEST_CASE(serve_a_short_last_block_where_it_would_lie) {
    seed(joined({noise(6 * small_block, 9), file.block(6), noise(500, 3)}));
    bulk::BytePipe pipe;
    const auto found = seeds();
    const bulk::PayloadStream stream(verifiers({&file}), pipe, soon());
    found.search(stream.payloads(), soon()).value();
    BOOST_TEST(present(*stream.payloads()[0]) == "0000001");
}

BOOST_AUTO_TEST_CASE(serve_each_file_and_each_place_of_the_same_block) {
    const auto zeros = Bytes(small_block);
    const auto twice = release_file(joined({zeros, noise(small_block, 5), zeros}));
    const auto once = release_file(joined({noise(small_block, 6), zeros}));
    seed(joined({zeros, zeros}));
    bulk::BytePipe pipe;
    const auto found = seeds();
    const bulk::PayloadStream stream(verifiers({&twice, &once}), pipe, soon());
    found.search(stream.payloads(), soon()).value();
    BOOST_TEST(present(*stream.payloads()[0]) == "101");
    BOOST_TEST(present(*stream.payloads()[1]) == "01");
}

BOOST_AUTO_TEST_CASE(that_cannot_be_read_serve_nothing_and_say_so) {
    paths = {(folder / "absent").string(), folder.path().string(), (folder / "fifo").string()};
    BOOST_REQUIRE_EQUAL(::mkfifo(paths[2].c_str(), 0600), 0);
    bulk::BytePipe pipe;
    const auto found = seeds();
    const bulk::PayloadStream stream(verifiers({&file}), pipe, soon());
    found.search(stream.payloads(), soon()).value();
    BOOST_TEST(present(*stream.payloads()[0]) == "0000000");
    BOOST_REQUIRE(notes.size() == 3U);
    for (std::size_t i = 0; i < notes.size(); ++i)
        BOOST_TEST(notes[i].find(paths[i]) != std::string::npos);
}

BOOST_AUTO_TEST_CASE(are_not_looked_at_without_end) {
    seed(file.bytes);
    bulk::BytePipe pipe;
    const auto found = seeds();
    const bulk::PayloadStream stream(verifiers({&file}), pipe, soon());
    const auto searched = found.search(stream.payloads(), Deadline::in(milliseconds(0)));
    BOOST_REQUIRE(!searched);
    BOOST_TEST((searched.error().code == Errc::time_limit));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(payload_stream, SeedFiles)

BOOST_AUTO_TEST_CASE(passes_blocks_on_in_their_order_only) {
    bulk::BytePipe pipe;
    const auto second = release_file(noise(small_block, 2));
    const bulk::PayloadStream stream(verifiers({&file, &second}), pipe, soon());
    auto taken = taker(pipe, file.bytes.size() + second.bytes.size());
    auto& first = *stream.payloads()[0];
    BOOST_TEST(first.has_turn());
    BOOST_TEST(!stream.payloads()[1]->has_turn());
    BOOST_TEST(!first.put(1, file.block(1)));
    BOOST_TEST(!stream.payloads()[1]->put(0, second.block(0)));
    for (std::uint64_t block = 0; block < file.file.size / small_block + 1; ++block)
        first.put(block, file.block(block)).value();
    BOOST_TEST(first.complete());
    BOOST_TEST(stream.payloads()[1]->has_turn());
    stream.payloads()[1]->put(0, second.block(0)).value();
    BOOST_TEST((taken.get() == joined({file.bytes, second.bytes})));
    BOOST_TEST(!pipe.fell_short());
}

BOOST_AUTO_TEST_CASE(puts_in_what_seeds_hold_across_files) {
    const auto second = release_file(noise(2 * small_block, 2));
    seed(joined({file.bytes}));
    seed(joined({second.block(0)}));
    bulk::BytePipe pipe;
    const auto found = seeds();
    bulk::PayloadStream stream(verifiers({&file, &second}), pipe, soon());
    found.search(stream.payloads(), soon()).value();
    auto taken = taker(pipe, file.bytes.size() + second.bytes.size());
    BOOST_TEST(!stream.payloads()[0]->has_turn());
    stream.payloads()[0]->pass_on(soon()).value();
    BOOST_TEST(stream.payloads()[0]->complete());
    BOOST_TEST(stream.payloads()[1]->has_turn());
    stream.payloads()[1]->put(1, second.block(1)).value();
    BOOST_TEST((taken.get() == joined({file.bytes, second.bytes})));
    BOOST_TEST(stream.payloads()[0]->kept_bytes() == file.bytes.size());
    BOOST_TEST(stream.payloads()[1]->kept_bytes() == small_block);
}

// The installer writes over the partition that is a seed while it is read.
BOOST_AUTO_TEST_CASE(does_not_use_what_has_changed_since_it_was_found) {
    seed(file.bytes);
    bulk::BytePipe pipe;
    const auto found = seeds();
    bulk::PayloadStream stream(verifiers({&file}), pipe, soon());
    found.search(stream.payloads(), soon()).value();
    BOOST_TEST(present(*stream.payloads()[0]) == "1111111");
    std::fstream(paths[0], std::ios::in | std::ios::out | std::ios::binary).seekp(3 * small_block).put('x');
    auto taken = taker(pipe, file.bytes.size());
    stream.payloads()[0]->pass_on(soon()).value();
    BOOST_TEST(present(*stream.payloads()[0]) == "1110111");
    BOOST_TEST(stream.payloads()[0]->verified_bytes() == 3 * small_block);
    stream.payloads()[0]->put(3, file.block(3)).value();
    stream.payloads()[0]->pass_on(soon()).value();
    BOOST_TEST(stream.payloads()[0]->complete());
    BOOST_TEST((taken.get() == file.bytes));
}

BOOST_AUTO_TEST_CASE(ends_when_nobody_takes_the_bytes) {
    bulk::BytePipe pipe;
    const bulk::PayloadStream stream(verifiers({&file}), pipe, soon());
    pipe.abandon();
    BOOST_TEST(pipe.abandoned());
    const auto put = stream.payloads()[0]->put(0, file.block(0));
    BOOST_REQUIRE(!put);
    BOOST_TEST((put.error().code == Errc::inner_module_failed));
}

BOOST_AUTO_TEST_CASE(waits_no_longer_than_its_deadline_for_either_end) {
    bulk::BytePipe pipe;
    const auto large = release_file(noise(40 * small_block));
    const bulk::PayloadStream stream(verifiers({&large}), pipe, Deadline::in(milliseconds(300)));
    Result<void> put;
    for (std::uint64_t block = 0; put && block < 40; ++block)
        put = stream.payloads()[0]->put(block, large.block(block));
    BOOST_REQUIRE(!put);
    BOOST_TEST((put.error().code == Errc::time_limit));
    bulk::BytePipe empty;
    Bytes into(10);
    const auto got = empty.read(into, Deadline::in(milliseconds(10)));
    BOOST_REQUIRE(!got);
    BOOST_TEST((got.error().code == Errc::time_limit));
    empty.end();
    BOOST_TEST((empty.read(into, soon()).error().code == Errc::truncated));
    BOOST_TEST(empty.fell_short());
}

BOOST_AUTO_TEST_CASE(brings_a_file_from_the_network_and_seeds_to_the_pipe) {
    auto helper = bulk::ConnectionHelper::start().value();
    tests::FtpSite site;
    site.files[file.file.id] = file.bytes;
    // Block 1 comes broken once; blocks 0 and 4 are in a seed, and 4 crosses all the same, between 3 and 5.
    site.serve = [this](const std::string&, int nth) {
        auto bytes = file.bytes;
        if (nth == 0) bytes[small_block + 7] ^= 1;
        return tests::FtpSite::Serving{bytes};
    };
    seed(joined({file.block(4), file.block(0)}));
    bulk::BytePipe pipe;
    const auto found = seeds();
    bulk::PayloadStream stream(verifiers({&file}), pipe, soon());
    found.search(stream.payloads(), soon()).value();
    auto taken = taker(pipe, file.bytes.size());
    const bulk::SecondPath path{"127.0.0.1", site.port(), site.session, site.certification};
    bulk::ReceiveOptions options{.deadline = soon()};
    const auto reception = bulk::receive(helper, path, stream.payloads(), options);
    if (reception.error) BOOST_ERROR(reception.error->message());
    BOOST_TEST((taken.get() == file.bytes));
    BOOST_TEST(reception.report.resumed == small_block);
    BOOST_TEST(reception.report.fetched_twice == small_block);
    BOOST_TEST(reception.report.bytes == file.bytes.size());
    BOOST_TEST(reception.report.path == "kept+ftp");
}

// A certification that nobody uses dies, and an installer may take its time.
BOOST_FIXTURE_TEST_CASE(logs_in_again_and_again_while_the_installer_takes_what_a_seed_holds, SeedFiles) {
    auto helper = bulk::ConnectionHelper::start().value();
    tests::FtpSite site;
    const auto large = release_file(noise(40 * small_block)); // a pipe takes 16
    site.files[large.file.id] = large.bytes;
    for (const std::uint64_t found : {30U, 40U}) {
        paths.clear();
        seed(joined({ByteView(large.bytes).first(found * small_block)}));
        bulk::BytePipe pipe;
        const auto seeded = seeds();
        bulk::PayloadStream stream(verifiers({&large}), pipe, soon());
        seeded.search(stream.payloads(), soon()).value();
        const bulk::SecondPath path{"127.0.0.1", site.port(), site.session, site.certification};
        bulk::ReceiveOptions options{.deadline = soon(), .stall_time = milliseconds(1)};
        options.renew_time = milliseconds(50);
        site.transfers = 0;
        std::promise<void> third_login;
        site.admit = [&, logins = 0](int) mutable {
            if (++logins == 3) third_login.set_value();
            return true;
        };
        auto reception = std::async(std::launch::async,
                                    [&] { return bulk::receive(helper, path, stream.payloads(), options); });
        BOOST_TEST((third_login.get_future().wait_until(soon().at()) == std::future_status::ready));
        BOOST_TEST(site.transfers == 0);
        auto taken = taker(pipe, large.bytes.size());
        const auto received = reception.get();
        if (received.error) BOOST_ERROR(received.error->message());
        pipe.end();
        BOOST_TEST((taken.get() == large.bytes));
        BOOST_TEST(received.report.resumed == found * small_block);
        BOOST_TEST(site.transfers == (found < 40 ? 1 : 0));
    }
}

// Where the second path cannot be reached, and need not be.
BOOST_FIXTURE_TEST_CASE(needs_no_connection_where_seeds_hold_everything, SeedFiles) {
    auto helper = bulk::ConnectionHelper::start().value();
    tests::FtpSite site;
    seed(file.bytes);
    bulk::BytePipe pipe;
    const auto found = seeds();
    bulk::PayloadStream stream(verifiers({&file}), pipe, soon());
    found.search(stream.payloads(), soon()).value();
    auto taken = taker(pipe, file.bytes.size());
    const bulk::SecondPath path{"127.0.0.1", site.port(), site.session, site.certification};
    const auto reception = bulk::receive(helper, path, stream.payloads(), {.deadline = soon()});
    if (reception.error) BOOST_ERROR(reception.error->message());
    BOOST_TEST((taken.get() == file.bytes));
    BOOST_TEST(site.connections == 0);
    BOOST_TEST(reception.report.path == "kept");
}

BOOST_AUTO_TEST_SUITE_END()
