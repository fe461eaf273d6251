#include "tests/support/emulation.hpp"
#include "tests/unit/update-module/state/files.hpp"
#include "update-module/install/version.hpp"

#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <sys/stat.h>

using namespace two_path;
using namespace two_path::install;
using tests::put;
namespace data = boost::unit_test::data;

BOOST_AUTO_TEST_SUITE(version)

namespace {

/// What is installed on a machine of the test's own.
struct Installed {
    tests::TemporaryFolder root;

    [[nodiscard]] Result<std::string> version(const std::string& file) const {
        return read_version({file, {}}, Deadline::in(std::chrono::seconds{10}), root.path().string());
    }
    void refuses(const std::string& file, const std::string& named) const {
        const auto read = version(file);
        BOOST_REQUIRE_MESSAGE(!read, (read ? *read : ""));
        BOOST_TEST((read.error().code == Errc::version_unreadable));
        BOOST_TEST(read.error().detail.find(named) != std::string::npos, read.error().detail);
    }
    void gives(const std::string& file, const std::string& expected) const {
        const auto read = version(file);
        BOOST_REQUIRE_MESSAGE(read, (read ? "" : read.error().message()));
        BOOST_TEST(*read == expected);
    }
};

struct Line {
    std::string text;
    std::string value;
};
std::ostream& operator<<(std::ostream& out, const Line& line) {
    return out << line.text;
}

const Line good_lines[] = {
    {"V=1.0", "1.0"},
    {"V=\"1.0 beta\"", "1.0 beta"},
    {"V='1.0 \"x\" \\ $y'", "1.0 \"x\" \\ $y"},
    {R"(V="a\"b\\c\$d\`e\f")", R"(a"b\c$d`e\f)"},
    {R"(V=1\ 0)", "1 0"},
    {"V=\"1\"'.'0", "1.0"},
    {"V=1=0", "1=0"},
    {"  V=1.0  \r", "1.0"},
    {"V=\n", ""},
    {"# V=0\nXV=0\nV_X=0\nV=1\nV=2\nW=3", "2"},
};

const std::string bad_lines[] = {"", "W=1", "V", "V = 1", "export V=1", "V=\"1", "V='1", "V=1 0"};

} // namespace

BOOST_DATA_TEST_CASE(a_value_is_unquoted_as_in_os_release, data::make(good_lines), line) {
    const auto value = value_of(line.text, "V");
    BOOST_REQUIRE_MESSAGE(value, (value ? "" : value.error().message()));
    BOOST_TEST(*value == line.value);
}

BOOST_DATA_TEST_CASE(a_missing_or_broken_line_is_refused, data::make(bad_lines), text) {
    const auto value = value_of(text, "V");
    BOOST_REQUIRE(!value);
    BOOST_TEST((value.error().code == Errc::version_unreadable));
}

BOOST_AUTO_TEST_CASE(is_the_key_s_value_or_the_whole_file, *tests::beyond_emulation("openat2")) {
    const Installed installed;
    put(installed.root / "etc/os-release", "ID=debian\nIMAGE_VERSION=\"2.0\"\n");
    put(installed.root / "etc/version", "\n 3.1-rc1 \n");
    put(installed.root / "etc/a:b/version", "4");
    installed.gives("/etc/os-release:IMAGE_VERSION", "2.0");
    installed.gives("/etc/version", "3.1-rc1");
    installed.gives("/etc/a:b/version", "4");
    installed.refuses("/etc/os-release:VERSION_ID", "VERSION_ID");
}

BOOST_AUTO_TEST_CASE(a_link_is_followed_as_long_as_it_stays_inside, *tests::beyond_emulation("openat2")) {
    const Installed installed;
    put(installed.root / "usr/lib/os-release", "V=2.0");
    std::filesystem::create_directory(installed.root / "etc");
    std::filesystem::create_symlink("../usr/lib/os-release", installed.root / "etc/os-release");
    std::filesystem::create_symlink("/usr/lib/os-release", installed.root / "etc/absolute");
    installed.gives("/etc/os-release:V", "2.0");
    installed.gives("/etc/absolute:V", "2.0");
}

BOOST_AUTO_TEST_CASE(nothing_outside_is_read) {
    const Installed installed;
    const tests::TemporaryFolder outside;
    put(outside / "version", "9.9");
    std::filesystem::create_symlink(outside / "version", installed.root / "absolute");
    std::filesystem::create_symlink(".." / outside.path().filename() / "version",
                                    installed.root / "relative");
    installed.refuses("/absolute", "/absolute");
    installed.refuses("/relative", "/relative");
    installed.refuses("/../" + outside.path().filename().string() + "/version", "version");
}

BOOST_AUTO_TEST_CASE(only_a_small_regular_file_is_read, *tests::beyond_emulation("openat2")) {
    const Installed installed;
    std::filesystem::create_directory(installed.root / "folder");
    BOOST_REQUIRE(::mkfifo((installed.root / "fifo").c_str(), 0600) == 0);
    put(installed.root / "large", std::string(65 * 1024, ' ') + "1.0");
    installed.refuses("/folder", "no regular file");
    installed.refuses("/fifo", "no regular file");
    installed.refuses("/large", "64 KiB");
    installed.refuses("/missing", "/missing");
    installed.refuses("relative", "no absolute path");
}

BOOST_AUTO_TEST_CASE(what_is_no_version_is_refused, *tests::beyond_emulation("openat2")) {
    const Installed installed;
    put(installed.root / "empty", " \n");
    put(installed.root / "lines", "1.0\n2.0\n");
    put(installed.root / "long", std::string(256, '1'));
    installed.refuses("/empty", "empty");
    installed.refuses("/lines", "control characters");
    installed.refuses("/long", "255 bytes");
}

BOOST_AUTO_TEST_CASE(comes_from_the_device_s_command_when_the_release_names_no_file,
                     *tests::beyond_emulation("word of an exec that fails")) {
    const auto run = [](std::vector<std::string> command, milliseconds time = std::chrono::seconds{10}) {
        return read_version({"", std::move(command)}, Deadline::in(time));
    };
    const auto good = run({"/bin/echo", " 2.0 "});
    BOOST_REQUIRE(good);
    BOOST_TEST(*good == "2.0");
    for (const auto& [command, named] : std::vector<std::pair<std::vector<std::string>, std::string>>{
             {{"/bin/sh", "-c", "echo 2.0; exit 3"}, "exit code 3"},
             {{"/bin/sh", "-c", "kill -9 $$"}, "signal 9"},
             {{"/bin/sh", "-c", "yes 2.0"}, "4096 bytes"},
             {{"/no/such/program"}, "/no/such/program"},
             {{"/bin/true"}, "empty"},
             {{}, "version_command"}}) {
        const auto bad = run(command);
        BOOST_REQUIRE(!bad);
        BOOST_TEST((bad.error().code == Errc::version_unreadable));
        BOOST_TEST(bad.error().detail.find(named) != std::string::npos, bad.error().detail);
    }
    const auto late = run({"/bin/sh", "-c", "exec tail -f /dev/null"}, milliseconds{50});
    BOOST_REQUIRE(!late);
    BOOST_TEST((late.error().code == Errc::version_unreadable));
}

BOOST_AUTO_TEST_SUITE_END()
