/// The file of the personal access token: who may read it, what it holds, and that it can be replaced.
#include "plugin/host/mender/access_token.hpp"
#include "plugin/host/mender/settings.hpp"
#include "tests/support/temporary_folder.hpp"
#include "tests/unit/plugin/host/mender/signed_token.hpp"

#include <boost/test/unit_test.hpp>

#include <filesystem>
#include <fstream>

namespace two_path::tests {
BOOST_AUTO_TEST_SUITE(mender_access_token)

namespace {

using host::VerifyUrl;
using host::mender::AccessToken;
using std::filesystem::perms;

const std::string user = R"({"sub":"u-1","mender.user":true})";

std::string token_of(const std::string& claims) {
    static const auto key = TestKey::ed25519();
    return signed_token(key, R"({"alg":"EdDSA"})", claims);
}

struct TokenFile {
    TemporaryFolder folder;
    std::filesystem::path path{folder / "token"};
    void write(const std::string& text, unsigned mode = 0600) const {
        std::ofstream(path) << text;
        std::filesystem::permissions(path, static_cast<perms>(mode));
    }
    [[nodiscard]] std::string refusal() const {
        const auto opened = AccessToken::open(path);
        BOOST_TEST_REQUIRE(!opened.has_value());
        BOOST_CHECK(opened.error().code == Errc::bad_configuration);
        BOOST_TEST(opened.error().detail.find(path.string()) == 0U);
        return opened.error().detail;
    }
};

} // namespace

BOOST_AUTO_TEST_CASE(a_line_of_a_file_that_only_its_owner_and_group_read_is_the_token) {
    const TokenFile file;
    const auto token = token_of(user);
    for (const auto* end : {"", "\n", "\r\n"}) {
        file.write(token + end, 0640);
        BOOST_TEST(AccessToken::open(file.path).value().text() == token);
    }
}

BOOST_AUTO_TEST_CASE(a_file_that_others_can_use_is_refused) {
    const TokenFile file;
    for (const unsigned mode : {0644U, 0660U, 0602U}) {
        file.write(token_of(user), mode);
        BOOST_TEST(file.refusal().find("chmod 600") != std::string::npos);
    }
}

BOOST_AUTO_TEST_CASE(what_is_no_users_token_is_refused_without_a_word_of_it) {
    const TokenFile file;
    BOOST_TEST(file.refusal().find("No such file") != std::string::npos);
    const auto device = token_of(R"({"sub":"d-1","mender.device":true})");
    for (const auto& text : {std::string(), std::string("\n"), std::string("secret"), device,
                             token_of(user) + "\n" + token_of(user)}) {
        file.write(text);
        const auto refusal = file.refusal();
        BOOST_TEST(refusal.find("holds no personal access token") != std::string::npos);
        BOOST_TEST((text.size() < 2 || refusal.find(text) == std::string::npos));
    }
}

BOOST_AUTO_TEST_CASE(it_is_read_again_and_stays_when_the_file_is_bad) {
    const TokenFile file;
    const auto first = token_of(user);
    file.write(first);
    auto token = AccessToken::open(file.path).value();
    file.write("bad");
    BOOST_TEST(!token.renew().has_value());
    BOOST_TEST(token.text() == first);
    const auto second = token_of(R"({"sub":"u-2","mender.user":true})");
    file.write(second);
    BOOST_TEST(token.renew().has_value());
    BOOST_TEST(token.text() == second);
}

BOOST_AUTO_TEST_CASE(verify_endpoints_are_urls_with_a_path) {
    const auto plain =
        VerifyUrl::parse("http://deviceauth:8080/api/internal/v1/devauth/tokens/verify").value();
    BOOST_TEST(plain.plain);
    BOOST_TEST(plain.origin.host == "deviceauth");
    BOOST_TEST(plain.origin.port == 8080);
    BOOST_TEST(plain.target == "/api/internal/v1/devauth/tokens/verify");
    BOOST_TEST(VerifyUrl::parse("http://deviceauth/x").value().origin.port == 80);
    const auto secure = VerifyUrl::parse("https://[2001:db8::1]/x").value();
    BOOST_TEST(!secure.plain);
    BOOST_TEST(secure.origin.port == 443);
    for (const auto* url : {"", "deviceauth/x", "http://deviceauth", "http:///x", "ftp://a/x", "http://a/x?y",
                            "http://a b/x", "http://a:0/x"})
        BOOST_TEST(!VerifyUrl::parse(url).has_value(), url);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace two_path::tests
