#include "plugin/catalog/payloads.hpp"

#include "tests/support/temporary_folder.hpp"

#include <boost/test/unit_test.hpp>

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <thread>

namespace two_path::catalog {
BOOST_AUTO_TEST_SUITE(payloads)

namespace {

using tests::TemporaryFolder;

// SHA-256 of "abc", FIPS 180-4.
constexpr std::string_view abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

Payloads open_in(const TemporaryFolder& folder) {
    return Payloads::open(folder.path()).value();
}

std::string content(const OpenPayload& payload) {
    std::string bytes(payload.size, '\0');
    const auto got = ::pread(payload.file.get(), bytes.data(), bytes.size(), 0);
    BOOST_REQUIRE_EQUAL(got, static_cast<ssize_t>(bytes.size()));
    return bytes;
}

std::size_t files_in(const std::filesystem::path& folder) {
    const std::filesystem::directory_iterator entries(folder);
    return static_cast<std::size_t>(std::distance(begin(entries), end(entries)));
}

Payload add(const Payloads& payloads, std::string_view bytes) {
    auto incoming = payloads.receive();
    BOOST_REQUIRE(incoming);
    BOOST_REQUIRE(incoming->write(bytes_of(bytes)));
    const auto payload = incoming->finish({});
    BOOST_REQUIRE(payload);
    return *payload;
}

/// No file may grow beyond `bytes` while it lives, as on a disk that is full.
class FullDisk {
  public:
    explicit FullDisk(rlim_t bytes)
      : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
        BOOST_REQUIRE(::getrlimit(RLIMIT_FSIZE, &before_) == 0);
        rlimit limit = before_;
        limit.rlim_cur = bytes;
        BOOST_REQUIRE(::setrlimit(RLIMIT_FSIZE, &limit) == 0);
    }
    FullDisk(const FullDisk&) = delete;
    FullDisk& operator=(const FullDisk&) = delete;
    ~FullDisk() {
        ::setrlimit(RLIMIT_FSIZE, &before_);
        std::signal(SIGXFSZ, handler_);
    }

  private:
    rlimit before_{};
    void (*handler_)(int);
};

} // namespace

BOOST_AUTO_TEST_CASE(a_payload_is_named_by_the_digest_of_what_came) {
    const TemporaryFolder folder;
    const auto payloads = open_in(folder);
    auto incoming = payloads.receive();
    BOOST_REQUIRE(incoming);
    for (const auto* piece : {"a", "", "bc"})
        BOOST_REQUIRE(incoming->write(bytes_of(piece)));
    BOOST_TEST(!payloads.size_of(abc));
    const auto payload = incoming->finish(abc);
    BOOST_REQUIRE(payload);
    BOOST_TEST(payload->id == abc);
    BOOST_TEST(payload->size == 3U);
    BOOST_TEST(payloads.size_of(abc).value() == 3U);
    auto opened = payloads.open_payload(abc);
    BOOST_REQUIRE(opened);
    BOOST_TEST(content(*opened) == "abc");
    BOOST_TEST(files_in(folder / "incoming") == 0U);
}

BOOST_AUTO_TEST_CASE(the_same_content_twice_is_one_payload) {
    const TemporaryFolder folder;
    const auto payloads = open_in(folder);
    add(payloads, "abc");
    auto reader = payloads.open_payload(abc);
    BOOST_REQUIRE(reader);
    BOOST_TEST(add(payloads, "abc").id == abc);
    const auto all = payloads.list();
    BOOST_REQUIRE(all);
    BOOST_TEST(all->size() == 1U);
    BOOST_TEST(content(*reader) == "abc");
}

BOOST_AUTO_TEST_CASE(what_differs_from_the_announced_digest_leaves_nothing) {
    const TemporaryFolder folder;
    const auto payloads = open_in(folder);
    {
        auto incoming = payloads.receive();
        BOOST_REQUIRE(incoming);
        BOOST_REQUIRE(incoming->write(bytes_of("abd")));
        const auto refused = incoming->finish(abc);
        BOOST_REQUIRE(!refused);
        BOOST_TEST((refused.error().code == Errc::bad_request));
        BOOST_TEST(refused.error().detail.find(abc) != std::string::npos);
    }
    BOOST_TEST(payloads.list().value().empty());
    BOOST_TEST(files_in(folder / "incoming") == 0U);
}

BOOST_AUTO_TEST_CASE(an_upload_that_breaks_off_leaves_nothing) {
    const TemporaryFolder folder;
    const auto payloads = open_in(folder);
    {
        auto incoming = payloads.receive();
        BOOST_REQUIRE(incoming);
        BOOST_REQUIRE(incoming->write(bytes_of("ab")));
        BOOST_TEST(files_in(folder / "incoming") == 1U);
    }
    BOOST_TEST(files_in(folder / "incoming") == 0U);
}

BOOST_AUTO_TEST_CASE(what_a_kill_left_is_removed_at_the_next_start_and_payloads_stay) {
    const TemporaryFolder folder;
    {
        const auto payloads = open_in(folder);
        add(payloads, "abc");
        std::ofstream(folder / "incoming" / "left") << "half";
    }
    const auto payloads = open_in(folder);
    BOOST_TEST(files_in(folder / "incoming") == 0U);
    BOOST_TEST(payloads.size_of(abc).value() == 3U);
}

BOOST_AUTO_TEST_CASE(a_full_disk_is_said_and_leaves_nothing) {
    const TemporaryFolder folder;
    const auto payloads = open_in(folder);
    {
        auto incoming = payloads.receive();
        BOOST_REQUIRE(incoming);
        const FullDisk disk(64 * 1024);
        const Bytes piece(256 * 1024);
        const auto refused = incoming->write(piece);
        BOOST_REQUIRE(!refused);
        BOOST_TEST((refused.error().code == Errc::no_room));
        BOOST_TEST(refused.error().detail.find("disk is full") != std::string::npos, refused.error().detail);
    }
    BOOST_TEST(files_in(folder / "incoming") == 0U);
    BOOST_TEST(payloads.list().value().empty());
}

BOOST_AUTO_TEST_CASE(only_digests_are_names) {
    const TemporaryFolder folder;
    const auto payloads = open_in(folder);
    add(payloads, "abc");
    std::ofstream(folder / "payloads" / "stranger") << "x";
    std::ofstream(folder / "secret") << "x";
    std::filesystem::create_symlink(folder / "secret", folder / "payloads" / std::string(64, 'a'));
    for (const auto& name : {std::string("../secret"), std::string("stranger"), std::string(64, 'a'),
                             std::string(64, 'b'), std::string(), std::string(".")}) {
        BOOST_TEST(!payloads.open_payload(name), name);
        BOOST_TEST(!payloads.remove(name), name);
    }
    BOOST_TEST(payloads.list().value().size() == 1U);
}

BOOST_AUTO_TEST_CASE(a_removed_payload_is_gone_but_not_under_a_reader) {
    const TemporaryFolder folder;
    const auto payloads = open_in(folder);
    add(payloads, "abc");
    auto reader = payloads.open_payload(abc);
    BOOST_REQUIRE(reader);
    BOOST_REQUIRE(payloads.remove(abc));
    BOOST_TEST(!payloads.size_of(abc));
    const auto again = payloads.remove(abc);
    BOOST_REQUIRE(!again);
    BOOST_TEST((again.error().code == Errc::not_found));
    BOOST_TEST(content(*reader) == "abc");
}

BOOST_AUTO_TEST_CASE(only_what_was_stored_before_a_time_goes) {
    const TemporaryFolder folder;
    const auto payloads = open_in(folder);
    const auto stored = add(payloads, "abc").stored;
    BOOST_TEST(!payloads.remove_stored_before(abc, stored).value());
    BOOST_TEST(payloads.size_of(abc).value() == 3U);
    BOOST_TEST(files_in(folder / "incoming") == 0U);
    BOOST_TEST(payloads.remove_stored_before(abc, stored + 1).value());
    BOOST_TEST(!payloads.size_of(abc));
    BOOST_TEST((payloads.remove_stored_before(abc, stored + 1).error().code == Errc::not_found));
    BOOST_TEST(files_in(folder / "incoming") == 0U);
}

BOOST_AUTO_TEST_CASE(what_is_stored_again_while_it_is_removed_is_there) {
    const TemporaryFolder folder;
    const auto payloads = open_in(folder);
    const auto since = add(payloads, "of now").stored;
    const timespec old[2]{{1, 0}, {1, 0}};
    for (int i = 0; i < 300; ++i) {
        add(payloads, "abc");
        BOOST_REQUIRE(::utimensat(AT_FDCWD, (folder / "payloads" / abc).c_str(), old, 0) == 0);
        std::thread remover([&] { static_cast<void>(payloads.remove_stored_before(abc, since)); });
        add(payloads, "abc");
        remover.join();
        BOOST_REQUIRE(payloads.size_of(abc).has_value());
    }
}

BOOST_AUTO_TEST_CASE(a_folder_that_cannot_be_used_is_named) {
    const TemporaryFolder folder;
    std::ofstream(folder / "payloads") << "a file";
    const auto refused = Payloads::open(folder.path());
    BOOST_REQUIRE(!refused);
    BOOST_TEST((refused.error().code == Errc::bad_configuration));
    BOOST_TEST(refused.error().detail.find((folder / "payloads").string()) != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace two_path::catalog
