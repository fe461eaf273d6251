/// Bearer tokens of a Mender server: what is read without proof, and what its key must have signed.
#include "plugin/host/mender/bearer.hpp"
#include "tests/unit/plugin/host/mender/signed_token.hpp"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <ostream>

namespace two_path::tests {
BOOST_AUTO_TEST_SUITE(mender_bearer)

namespace {

namespace data = boost::unit_test::data;
using host::mender::device_signed_by;
using host::mender::read_bearer;
using host::mender::TokenKind;

constexpr std::int64_t now = 1'800'000'000;
const std::string device_claims =
    R"({"jti":"a","sub":"7c1b","exp":1800000060,"iat":1799999999,"nbf":-62135596800,"mender.device":true})";

struct Row {
    const char* what;
    const char* header;
    const char* claims;
    const char* refusal; ///< none: it holds
};
std::ostream& operator<<(std::ostream& out, const Row& row) {
    return out << row.what;
}

constexpr const char* rs256 = R"({"alg":"RS256","typ":"JWT"})";

const Row rows[]{
    {"as Mender writes it", rs256,
     R"({"sub":"7c1b-2d","exp":1800000060,"nbf":-62135596800,"mender.device":true,"mender.addons":[]})",
     nullptr},
    {"without nbf", rs256, R"({"sub":"7c1b","exp":1800000060,"mender.device":true})", nullptr},
    {"expires now", rs256, R"({"sub":"7c1b","exp":1800000000,"mender.device":true})", "has expired"},
    {"never expires", rs256, R"({"sub":"7c1b","mender.device":true})", "has expired"},
    {"holds later", rs256, R"({"sub":"7c1b","exp":1800000060,"nbf":1800000001,"mender.device":true})",
     "does not hold yet"},
    {"a time that is none", rs256, R"({"sub":"7c1b","exp":1.8e9,"mender.device":true})", "malformed"},
    {"a user's", rs256, R"({"sub":"7c1b","exp":1800000060,"mender.user":true})", "not a device's"},
    {"a device's, it denies", rs256, R"({"sub":"7c1b","exp":1800000060,"mender.device":false})",
     "not a device's"},
    {"a device's, it says", rs256, R"({"sub":"7c1b","exp":1800000060,"mender.device":"true"})",
     "not a device's"},
    {"nobody's", rs256, R"({"exp":1800000060,"mender.device":true})", "malformed"},
    {"of a path", rs256, R"({"sub":"../x","exp":1800000060,"mender.device":true})", "malformed"},
    {"no object", rs256, R"(["sub"])", "malformed"},
    {"unsigned, it says", R"({"alg":"none"})", R"({"sub":"7c1b","exp":1800000060,"mender.device":true})",
     "not signed in the way"},
    {"of a shared secret", R"({"alg":"HS256"})", R"({"sub":"7c1b","exp":1800000060,"mender.device":true})",
     "not signed in the way"},
    {"of another kind of key", R"({"alg":"EdDSA"})",
     R"({"sub":"7c1b","exp":1800000060,"mender.device":true})", "not signed in the way"},
    {"without an algorithm", R"({"typ":"JWT"})", R"({"sub":"7c1b","exp":1800000060,"mender.device":true})",
     "malformed"},
};

std::string refusal_of(const host::Key& key, const std::string& token) {
    const auto device = device_signed_by(key, token, now);
    BOOST_TEST_REQUIRE(!device.has_value());
    BOOST_CHECK(device.error().code == Errc::unauthorized);
    return device.error().detail;
}

const TestKey& rsa() {
    static const auto key = TestKey::rsa();
    return key;
}

} // namespace

BOOST_DATA_TEST_CASE(a_token_holds_by_its_signature_its_kind_and_its_time, data::make(rows), row) {
    const auto key = host::Key::parse_public(rsa().public_pem()).value();
    const auto token = signed_token(rsa(), row.header, row.claims);
    if (row.refusal != nullptr) {
        BOOST_TEST(refusal_of(key, token).find(row.refusal) != std::string::npos, refusal_of(key, token));
        return;
    }
    const auto device = device_signed_by(key, token, now);
    BOOST_TEST_REQUIRE(device.has_value(), (device ? "" : device.error().detail));
    BOOST_TEST(device->substr(0, 4) == "7c1b");
}

BOOST_AUTO_TEST_CASE(an_Ed25519_key_signs_as_well) {
    const auto signer = TestKey::ed25519();
    const auto key = host::Key::parse_public(signer.public_pem()).value();
    const auto token = signed_token(signer, R"({"alg":"EdDSA"})", device_claims);
    BOOST_TEST(device_signed_by(key, token, now).value() == "7c1b");
    BOOST_TEST(refusal_of(key, signed_token(signer, rs256, device_claims)).find("way") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(an_ECDSA_key_signs_no_tokens) {
    const auto signer = TestKey::ecdsa();
    const auto key = host::Key::parse_public(signer.public_pem()).value();
    BOOST_TEST(key.jwt_algorithm().empty());
    BOOST_TEST(
        !device_signed_by(key, signed_token(signer, R"({"alg":"ES256"})", device_claims), now).has_value());
}

BOOST_AUTO_TEST_CASE(a_changed_token_does_not_hold) {
    const auto key = host::Key::parse_public(rsa().public_pem()).value();
    const auto token = signed_token(rsa(), rs256, device_claims);
    const auto other = signed_token(TestKey::rsa(), rs256, device_claims);
    BOOST_TEST(refusal_of(key, other) == "the bearer token's signature does not hold");
    const auto claims = to_base64url(bytes_of(R"({"sub":"8d","exp":1900000000,"mender.device":true})"));
    const auto forged = token.substr(0, token.find('.') + 1) + claims + token.substr(token.rfind('.'));
    BOOST_TEST(refusal_of(key, forged) == "the bearer token's signature does not hold");
    BOOST_TEST(refusal_of(key, token.substr(0, token.rfind('.') + 1)) ==
               "the bearer token's signature does not hold");
}

BOOST_AUTO_TEST_CASE(what_is_no_token_is_malformed) {
    const auto token = signed_token(rsa(), rs256, device_claims);
    for (const std::string& text :
         {std::string(), std::string("x"), std::string("a.b"), std::string("a.b.c"), std::string(".."),
          token + "=", token + ".x", std::string(9000, 'a') + token})
        BOOST_TEST(read_bearer(text, TokenKind::device).error().detail == "the bearer token is malformed");
}

BOOST_AUTO_TEST_CASE(a_users_token_is_read_as_such) {
    const auto token =
        signed_token(rsa(), R"({"alg":"RS256","kid":0})",
                     R"({"sub":"u-1","iss":"mender.useradm","scp":"mender.*","mender.user":true})");
    BOOST_TEST(read_bearer(token, TokenKind::user).value().subject == "u-1");
    BOOST_TEST(!read_bearer(token, TokenKind::user).value().expires.has_value());
    BOOST_CHECK(read_bearer(token, TokenKind::device).error().code == Errc::unauthorized);
    BOOST_CHECK(read_bearer(signed_token(rsa(), rs256, device_claims), TokenKind::user).error().code ==
                Errc::unauthorized);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace two_path::tests
