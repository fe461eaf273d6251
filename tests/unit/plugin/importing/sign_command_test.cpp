// The command that signs in the plugin's place: whatever it does, an answer comes in time.
#include "plugin/importing/sign_command.hpp"
#include "tests/support/temporary_folder.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <fstream>

#include <sys/stat.h>

namespace two_path::importing {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

struct Signing {
    tests::TemporaryFolder folder;

    std::filesystem::path command(const std::string& script) const {
        const auto path = folder / "sign";
        std::ofstream(path) << "#!/bin/sh\n" << script << '\n';
        ::chmod(path.c_str(), 0700);
        return path;
    }
    Result<std::string> sign(const std::string& script, std::string_view manifest = "manifest",
                             milliseconds patience = seconds(30)) const {
        return sign_by(command(script), manifest, patience);
    }
    void refused(const std::string& script, Errc code, std::string_view why,
                 milliseconds patience = seconds(30)) const {
        const auto signature = sign(script, "manifest", patience);
        BOOST_TEST_REQUIRE(!signature.has_value(), script);
        BOOST_TEST((signature.error().code == code));
        BOOST_TEST(signature.error().detail.find(why) != std::string::npos, signature.error().detail);
    }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(sign_command, Signing)

BOOST_AUTO_TEST_CASE(it_gets_the_manifest_and_gives_the_signature) {
    BOOST_TEST(sign("base64 -w0").value() == "bWFuaWZlc3Q=");
    BOOST_TEST(sign("base64").value() == "bWFuaWZlc3Q=");
}

BOOST_AUTO_TEST_CASE(a_manifest_that_no_pipe_holds_reaches_it_whole) {
    const std::string large(std::size_t{3} << 20U, 'm');
    BOOST_TEST(sign("wc -c | tr -d '\\n' | base64 -w0", large).value() == "MzE0NTcyOA==");
}

BOOST_AUTO_TEST_CASE(one_that_does_not_read_all_may_sign) {
    BOOST_TEST(sign("exec <&-; echo QUJD", std::string(std::size_t{3} << 20U, 'm')).value() == "QUJD");
}

BOOST_AUTO_TEST_CASE(one_that_gives_no_signature_is_for_the_operator_to_mend) {
    refused("cat >/dev/null", Errc::bad_configuration, "does not give a signature in base64");
    refused("cat >/dev/null; echo 'no base64!'", Errc::bad_configuration,
            "does not give a signature in base64");
    refused("cat >/dev/null; head -c 100000 /dev/zero", Errc::bad_configuration,
            "does not give a signature in base64");
    refused("cat >/dev/null; echo QUJD; exit 3", Errc::bad_configuration, "failed");
    refused("kill -9 $$", Errc::bad_configuration, "failed");
}

BOOST_AUTO_TEST_CASE(one_that_hangs_is_ended_and_asked_again_later) {
    const auto begun = steady_clock::now();
    refused("sleep 60", Errc::unavailable, "has not ended within", milliseconds(300));
    refused("exec >&- <&-; sleep 60", Errc::unavailable, "has not ended within", milliseconds(300));
    BOOST_TEST((steady_clock::now() - begun < seconds(20)));
}

BOOST_AUTO_TEST_CASE(one_that_is_not_there_is_told) {
    const auto signature = sign_by(folder / "none", "manifest");
    BOOST_TEST_REQUIRE(!signature.has_value());
    BOOST_TEST((signature.error().code == Errc::bad_configuration));
    BOOST_TEST(signature.error().detail.find("cannot be run") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace two_path::importing
