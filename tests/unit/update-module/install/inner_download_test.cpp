#include "tests/unit/update-module/install/inner_fixture.hpp"

#include <boost/test/data/test_case.hpp>

#include <sys/stat.h>

using namespace two_path;
using namespace two_path::install;
using tests::contents;
using tests::inner_file;
using tests::InnerWorld;
using tests::put;
namespace data = boost::unit_test::data;

BOOST_AUTO_TEST_SUITE(inner_download)

namespace {

/// Takes every stream; keeps names and sizes as told, and the bytes.
const std::string take_all = R"(
[ "$1" = ProvidePayloadFileSizes ] && { echo $sizes; exit 0; }
mkdir -p $home/got
while line=$(cat stream-next) && [ -n "$line" ]; do
    echo "$line" >> $home/lines
    set -- $line
    cat "$1" > $home/got/${1#streams/}
done
)";

std::string noise(std::size_t size) {
    std::string text(size, '\0');
    std::uint32_t state = 12345;
    for (auto& c : text) {
        state = state * 1664525U + 1013904223U;
        c = static_cast<char>(state >> 24U);
    }
    return text;
}

struct Files {
    std::string large{noise(3'000'000)};
    std::string small{"small\n"};
    std::vector<InnerFile> all{inner_file("large.bin", large), inner_file("empty", ""),
                               inner_file("small.txt", small)};

    void are_in(const std::filesystem::path& folder) const {
        BOOST_TEST((contents(folder / "large.bin") == large));
        BOOST_TEST(contents(folder / "small.txt") == small);
        BOOST_TEST(std::filesystem::exists(folder / "empty"));
        BOOST_TEST(contents(folder / "empty").empty());
    }
};

void succeeds(const Result<void>& given) {
    BOOST_REQUIRE_MESSAGE(given, (given ? "" : given.error().message()));
}

void fails_as_inner(const Result<void>& given, const std::string& named) {
    BOOST_REQUIRE(!given);
    BOOST_TEST((given.error().code == Errc::inner_module_failed), given.error().message());
    BOOST_TEST(given.error().detail.find(named) != std::string::npos, given.error().detail);
}

bool no_fifos_are_left(const InnerWorld& world) {
    return !std::filesystem::exists(world.inner + "/stream-next") &&
           !std::filesystem::exists(world.inner + "/streams");
}

} // namespace

BOOST_AUTO_TEST_CASE(streams_every_file_without_sizes) {
    InnerWorld world;
    const Files files;
    succeeds(give_files(world.module("sizes=No" + take_all), files.all, InnerWorld::soon()));
    files.are_in(world.folder / "got");
    BOOST_TEST(contents(world.folder / "lines") == "streams/large.bin\nstreams/empty\nstreams/small.txt\n");
    BOOST_TEST(world.calls() == "ProvidePayloadFileSizes\nDownload\n");
    BOOST_TEST(no_fifos_are_left(world));
    BOOST_TEST(!std::filesystem::exists(world.inner + "/files"));
}

BOOST_AUTO_TEST_CASE(streams_every_file_with_sizes_to_one_that_asks_for_them) {
    InnerWorld world;
    const Files files;
    succeeds(give_files(world.module("sizes=Yes" + take_all), files.all, InnerWorld::soon()));
    files.are_in(world.folder / "got");
    BOOST_TEST(contents(world.folder / "lines") ==
               "streams/large.bin 3000000\nstreams/empty 0\nstreams/small.txt 6\n");
    BOOST_TEST(world.calls() == "ProvidePayloadFileSizes\nDownloadWithFileSizes\n");
}

BOOST_AUTO_TEST_CASE(a_release_without_files_still_ends_the_streams) {
    InnerWorld world;
    succeeds(give_files(world.module("sizes=No" + take_all), {}, InnerWorld::soon()));
    BOOST_TEST(!std::filesystem::exists(world.folder / "lines"));
}

BOOST_AUTO_TEST_CASE(one_that_never_opens_stream_next_finds_the_files_in_its_tree) {
    for (const char* answer : {"No", "Yes", ""}) {
        InnerWorld world;
        const Files files;
        succeeds(give_files(world.module("echo " + std::string(answer)), files.all, InnerWorld::soon()));
        files.are_in(world.inner + "/files");
        BOOST_TEST(no_fifos_are_left(world));
    }
}

BOOST_AUTO_TEST_CASE(plain_files_are_linked_where_that_is_possible) {
    InnerWorld world;
    auto files = Files().all;
    files[0].plain = put(world.folder / "store/large", Files().large);
    files[2].plain = "/proc/version"; // another file system: copied instead
    succeeds(give_files(world.module(":"), files, InnerWorld::soon()));
    Files().are_in(world.inner + "/files");
    BOOST_TEST(std::filesystem::hard_link_count(world.inner + "/files/large.bin") == 2U);
}

BOOST_AUTO_TEST_CASE(its_failure_in_download_is_passed_on) {
    for (const char* sizes : {"sizes=No", "sizes=Yes"}) {
        InnerWorld streaming;
        fails_as_inner(
            give_files(streaming.module(sizes + take_all + "exit 7"), Files().all, InnerWorld::soon()),
            "exit code 7");
        InnerWorld idle;
        fails_as_inner(give_files(idle.module("[ $1 = ProvidePayloadFileSizes ] || exit 7"), Files().all,
                                  InnerWorld::soon()),
                       "exit code 7");
        BOOST_TEST(!std::filesystem::exists(idle.inner + "/files"));
    }
}

BOOST_AUTO_TEST_CASE(its_failure_to_say_whether_it_wants_sizes_is_passed_on) {
    InnerWorld failing;
    fails_as_inner(give_files(failing.module("exit 4"), Files().all, InnerWorld::soon()), "exit code 4");
    BOOST_TEST(failing.calls() == "ProvidePayloadFileSizes\n");
    InnerWorld babbling;
    fails_as_inner(give_files(babbling.module("echo Maybe"), Files().all, InnerWorld::soon()), "Maybe");
}

struct Partial {
    const char* what;
    const char* script;
    const char* named;
};
std::ostream& operator<<(std::ostream& out, const Partial& partial) {
    return out << partial.what;
}

const Partial partials[] = {
    {"opens stream-next and ends", "next", "before it took large.bin"},
    {"reads a part", "next; head -c 100 $f > /dev/null", "in the middle of large.bin"},
    {"reads all but some bytes", "next; head -c 2999990 $f > /dev/null", "in the middle of large.bin"},
    {"reads one file", "next; cat $f > /dev/null", "before it took every file"},
    {"leaves out the end", "for i in 1 2 3; do next; cat $f > /dev/null; done", "before it took every file"},
    {"fails in the middle", "next; head -c 100 $f > /dev/null; exit 9", "exit code 9"},
    {"is killed in the middle", "next; head -c 100 $f > /dev/null; kill -9 $$", "signal 9"},
};

BOOST_DATA_TEST_CASE(one_that_does_not_take_everything_has_failed,
                     data::make(partials) * data::make({"No", "Yes"}), partial, sizes) {
    InnerWorld world;
    const auto module =
        world.module("[ $1 = ProvidePayloadFileSizes ] && { echo " + std::string(sizes) +
                     "; exit 0; }\nnext() { line=$(cat stream-next); f=${line%% *}; }\n" + partial.script);
    fails_as_inner(give_files(module, Files().all, InnerWorld::soon()), partial.named);
    BOOST_TEST(!std::filesystem::exists(world.inner + "/files"));
}

BOOST_AUTO_TEST_CASE(bytes_that_cannot_be_had_stop_it_with_their_reason) {
    for (const char* script : {"sizes=No", ":"}) {
        InnerWorld world;
        auto files = Files().all;
        files[2].open = []() -> Result<ReadBytes> {
            return ReadBytes([](std::span<std::uint8_t>) -> Result<std::size_t> {
                return fail(Errc::decode_failed, "small.txt");
            });
        };
        const auto body = std::string(script) == ":" ? std::string(script) : script + take_all;
        const auto given = give_files(world.module(body), files, InnerWorld::soon());
        BOOST_REQUIRE(!given);
        BOOST_TEST((given.error() == fail(Errc::decode_failed, "small.txt")));
    }
}

BOOST_AUTO_TEST_CASE(one_that_hangs_is_ended_at_the_deadline) {
    for (const char* script : {"exec tail -f /dev/null", "exec 3< stream-next; exec tail -f /dev/null",
                               "f=$(cat stream-next); exec tail -f /dev/null",
                               "f=$(cat stream-next); exec 3< $f; exec tail -f /dev/null"}) {
        InnerWorld world;
        const auto module =
            world.module("[ $1 = ProvidePayloadFileSizes ] && exit 0\n" + std::string(script));
        const auto given = give_files(module, Files().all, Deadline::in(milliseconds{500}));
        BOOST_REQUIRE(!given);
        BOOST_TEST((given.error().code == Errc::time_limit), given.error().message());
    }
}

BOOST_AUTO_TEST_CASE(too_little_room_for_its_own_copy_is_told_with_numbers) {
    InnerWorld world;
    auto files = Files().all;
    files[0].size = std::uint64_t{1} << 60U;
    const auto given = give_files(world.module(":"), files, InnerWorld::soon());
    BOOST_REQUIRE(!given);
    BOOST_TEST((given.error().code == Errc::no_room));
    BOOST_TEST(given.error().detail.find(std::to_string((std::uint64_t{1} << 60U) + 6)) != std::string::npos);
    BOOST_TEST(std::filesystem::is_empty(world.inner + "/files"));
}

BOOST_AUTO_TEST_SUITE_END()
