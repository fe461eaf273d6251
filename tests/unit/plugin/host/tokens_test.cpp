#include "plugin/host/embedded/tokens.hpp"
#include "tests/unit/plugin/host/host_world.hpp"

#include <boost/test/unit_test.hpp>

#include <sys/stat.h>

namespace two_path::tests {
BOOST_AUTO_TEST_SUITE(embedded_host_tokens)

namespace {

using host::embedded::Claims;
using host::embedded::TokenKind;
using host::embedded::Tokens;

constexpr std::int64_t now = 1'800'000'000;
const Claims device{TokenKind::device, "set-1", "device-1", now, now + 60};

Errc refusal(const Tokens& tokens, std::string_view token, TokenKind kind = TokenKind::device,
             std::int64_t at = now) {
    const auto verified = tokens.verify(token, kind, at);
    BOOST_REQUIRE(!verified);
    return verified.error().code;
}

std::string decoded(std::string_view part) {
    const auto bytes = from_base64url(part).value();
    return {bytes.begin(), bytes.end()};
}

} // namespace

BOOST_AUTO_TEST_CASE(a_token_holds_until_its_end_also_after_a_restart) {
    const TemporaryFolder folder;
    const auto token = Tokens::open(folder / "key.pem").value().issue(device);
    const auto again = Tokens::open(folder / "key.pem").value();
    const auto claims = again.verify(token, TokenKind::device, now + 59);
    BOOST_REQUIRE(claims);
    BOOST_TEST(claims->id == "set-1");
    BOOST_TEST(claims->subject == "device-1");
    BOOST_TEST(claims->expires == now + 60);
    BOOST_CHECK(refusal(again, token, TokenKind::device, now + 60) == Errc::unauthorized);
}

BOOST_AUTO_TEST_CASE(a_token_that_was_seen_makes_no_other_one_good) {
    const TemporaryFolder folder;
    const auto tokens = Tokens::open(folder / "key.pem").value();
    const auto token = tokens.issue(device);
    BOOST_REQUIRE(tokens.verify(token, TokenKind::device, now));
    BOOST_REQUIRE(tokens.verify(token, TokenKind::device, now));
    BOOST_CHECK(refusal(tokens, token, TokenKind::user) == Errc::unauthorized);
    BOOST_CHECK(refusal(tokens, token, TokenKind::device, now + 60) == Errc::unauthorized);
    auto altered = token;
    altered[token.find('.') + 5] ^= 1;
    BOOST_CHECK(refusal(tokens, altered) == Errc::unauthorized);
}

BOOST_AUTO_TEST_CASE(claims_are_shaped_as_menders) {
    const TemporaryFolder folder;
    const auto tokens = Tokens::open(folder / "key.pem").value();
    const auto token = tokens.issue(device);
    const auto first = token.find('.');
    BOOST_TEST(decoded(token.substr(0, first)) == R"({"alg":"EdDSA","typ":"JWT"})");
    const auto body = json::parse(decoded(token.substr(first + 1, token.rfind('.') - first - 1)));
    BOOST_TEST(body.at("iss").as_string() == "Mender");
    BOOST_TEST(body.at("mender.device").as_bool());
    BOOST_TEST(body.at("exp").as_int64() == now + 60);
}

BOOST_AUTO_TEST_CASE(one_kind_does_not_pass_for_the_other) {
    const TemporaryFolder folder;
    const auto tokens = Tokens::open(folder / "key.pem").value();
    auto user = device;
    user.kind = TokenKind::user;
    BOOST_CHECK(refusal(tokens, tokens.issue(device), TokenKind::user) == Errc::unauthorized);
    BOOST_CHECK(refusal(tokens, tokens.issue(user), TokenKind::device) == Errc::unauthorized);
}

BOOST_AUTO_TEST_CASE(what_was_not_signed_here_is_refused) {
    const TemporaryFolder folder;
    const auto tokens = Tokens::open(folder / "key.pem").value();
    const auto other = Tokens::open(folder / "other.pem").value();
    const auto token = tokens.issue(device);
    BOOST_CHECK(refusal(other, token) == Errc::unauthorized);
    for (std::size_t at = 0; at < token.size(); ++at) {
        auto changed = token;
        changed[at] = changed[at] == 'A' ? 'B' : 'A';
        BOOST_CHECK(refusal(tokens, changed) == Errc::unauthorized);
        BOOST_CHECK(refusal(tokens, token.substr(0, at)) == Errc::unauthorized);
    }
    const auto none = to_base64url(bytes_of(R"({"alg":"none","typ":"JWT"})"));
    BOOST_CHECK(refusal(tokens, none + token.substr(token.find('.'))) == Errc::unauthorized);
    BOOST_CHECK(refusal(tokens, none + token.substr(token.find('.'), token.rfind('.') - token.find('.') +
                                                                         1)) == Errc::unauthorized);
    BOOST_CHECK(refusal(tokens, std::string(5000, '.')) == Errc::unauthorized);
}

BOOST_AUTO_TEST_CASE(the_key_is_private_and_a_damaged_one_is_not_replaced) {
    const TemporaryFolder folder;
    const auto file = folder / "key.pem";
    BOOST_REQUIRE(Tokens::open(file));
    struct stat status {};
    BOOST_REQUIRE_EQUAL(::stat(file.c_str(), &status), 0);
    BOOST_TEST((status.st_mode & 0777U) == 0600U);
    std::filesystem::resize_file(file, 20);
    const auto damaged = Tokens::open(file);
    BOOST_REQUIRE(!damaged);
    BOOST_CHECK(damaged.error().code == Errc::bad_configuration);
    BOOST_TEST(std::filesystem::file_size(file) == 20U);
}

BOOST_AUTO_TEST_CASE(each_api_takes_only_its_own_tokens) {
    HostWorld world;
    const auto machine = world.accepted_device();
    BOOST_TEST(world.as(machine.token, "GET", devauth).status == 401U);
    BOOST_TEST(world.as(world.user_token(), "POST", next_v2, provides("a")).status == 401U);
    BOOST_TEST(world.call("GET", devauth).status == 401U);
    BOOST_TEST(world.call("POST", next_v2, provides("a")).status == 401U);
    BOOST_TEST(world.as(world.user_token(), "GET", devauth).status == 200U);

    auto& host = world.host();
    BOOST_TEST(run(host.device_of(machine.token, {})).value() == world.id_of(machine));
    BOOST_TEST(run(host.operator_of(world.user_token(), {})).value() == "operator@example.com");
    BOOST_CHECK(run(host.operator_of(machine.token, {})).error().code == Errc::unauthorized);
    BOOST_CHECK(run(host.device_of(world.user_token(), {})).error().code == Errc::unauthorized);
}

BOOST_AUTO_TEST_CASE(bearer_tokens_really_expire) {
    HostWorld world;
    auto machine = world.accepted_device();
    const auto user = world.user_token();
    world.time.pass(world.settings().device_token_lifetime - std::chrono::seconds(1));
    BOOST_TEST(world.as(machine.token, "POST", next_v2, provides("a")).status == 204U);
    BOOST_TEST(world.as(user, "GET", devauth).status == 200U);
    world.time.pass(std::chrono::seconds(1));
    BOOST_TEST(world.as(machine.token, "POST", next_v2, provides("a")).status == 401U);
    BOOST_TEST(world.as(user, "GET", devauth).status == 401U);
    BOOST_TEST(machine.authenticate(world).status == 200U);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace two_path::tests
