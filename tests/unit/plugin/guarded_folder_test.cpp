#include "plugin/guarded_folder.hpp"

#include "tests/support/temporary_folder.hpp"

#include <boost/test/unit_test.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

namespace two_path {
BOOST_AUTO_TEST_SUITE(guarded_folder)

namespace {

namespace fs = std::filesystem;
using tests::TemporaryFolder;

void write(const fs::path& path) {
    std::ofstream(path) << "x";
}

uid_t owner_of(const fs::path& path) {
    struct stat status {};
    BOOST_REQUIRE(::lstat(path.c_str(), &status) == 0);
    return status.st_uid;
}

bool is_root() {
    return ::geteuid() == 0;
}

constexpr uid_t somebody = 1234;

} // namespace

BOOST_AUTO_TEST_CASE(links_pipes_and_folders_are_no_files) {
    const TemporaryFolder folder;
    const TemporaryFolder elsewhere;
    write(folder / "plain");
    write(elsewhere / "secret");
    fs::create_symlink(elsewhere / "secret", folder / "link");
    fs::create_symlink(elsewhere.path(), folder / "link-to-folder");
    fs::create_directory(folder / "folder");
    BOOST_REQUIRE(::mkfifo((folder / "pipe").c_str(), 0600) == 0);
    const auto guarded = GuardedFolder::open(folder.path()).value();
    BOOST_TEST(guarded.file("plain").has_value());
    BOOST_TEST((guarded.file("none").error().code == Errc::not_found));
    for (const auto* name : {"link", "link-to-folder", "folder", "pipe"})
        BOOST_TEST((guarded.file(name).error().code == Errc::forbidden), name);
    BOOST_TEST(guarded.folder("folder").value().has_value());
    BOOST_TEST(!guarded.folder("none").value().has_value());
    for (const auto* name : {"plain", "link-to-folder", "pipe"})
        BOOST_TEST((guarded.folder(name).error().code == Errc::forbidden), name);
    BOOST_TEST(guarded.names().value().size() == 5U);
}

BOOST_AUTO_TEST_CASE(what_is_of_another_user_is_not_the_owners) {
    if (!is_root()) return; // nobody else can give files away
    const TemporaryFolder folder;
    write(folder / "roots");
    fs::create_directory(folder / "roots-folder");
    write(folder / "own");
    for (const auto& path : {folder.path(), folder / "own"})
        BOOST_REQUIRE(::chown(path.c_str(), somebody, somebody) == 0);
    const auto guarded = GuardedFolder::open(folder.path()).value();
    BOOST_TEST(guarded.file("own").has_value());
    BOOST_TEST((guarded.file("roots").error().code == Errc::forbidden));
    BOOST_TEST((guarded.folder("roots-folder").error().code == Errc::forbidden));
}

BOOST_AUTO_TEST_CASE(a_folder_that_root_fills_is_closed_to_its_owner_and_given_back_with_all_in_it) {
    if (!is_root()) return;
    const TemporaryFolder folder;
    BOOST_REQUIRE(::chown(folder.path().c_str(), somebody, somebody) == 0);
    BOOST_REQUIRE(::chmod(folder.path().c_str(), 0770) == 0);
    {
        auto taken = TakenOver::take(folder.path()).value();
        BOOST_TEST(owner_of(folder.path()) == 0U);
        BOOST_TEST((fs::status(folder.path()).permissions() == fs::perms::owner_all));
        fs::create_directory(folder / "keys");
        write(folder / "keys/key");
        fs::create_directory(folder / lost_and_found);
        write(folder.path() / lost_and_found / "anybodys");
        BOOST_REQUIRE(taken.give_back().has_value());
    }
    for (const auto& path : {folder.path(), folder / "keys", folder / "keys/key"})
        BOOST_TEST(owner_of(path) == somebody);
    BOOST_TEST(owner_of(folder.path() / lost_and_found / "anybodys") == 0U);
    { const auto left = TakenOver::take(folder.path()).value(); }
    BOOST_TEST(owner_of(folder.path()) == somebody);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace two_path
