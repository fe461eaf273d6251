#include "plugin/host/address_limiter.hpp"
#include "plugin/host/embedded/password.hpp"
#include "plugin/host/embedded/password_work.hpp"
#include "tests/unit/plugin/host/host_world.hpp"

#include <boost/test/unit_test.hpp>

namespace two_path::tests {
BOOST_AUTO_TEST_SUITE(embedded_host_users)

namespace {

constexpr std::string_view login = "/api/management/v1/useradm/auth/login";
constexpr std::string_view me = "/api/management/v1/useradm/users/me";

control::Headers credentials(std::string_view email, std::string_view password) {
    const auto both = std::string(email).append(":").append(password);
    return {{"Authorization", "Basic " + to_base64(bytes_of(both))}};
}

control::Response log_in(HostWorld& world, std::string_view email, std::string_view password) {
    return world.call("POST", login, "", credentials(email, password));
}

Errc refusal(state::Database& database, std::string_view email, std::string_view password) {
    const auto made = host::create_user(database, email, password);
    BOOST_REQUIRE(!made);
    return made.error().code;
}

} // namespace

BOOST_AUTO_TEST_CASE(a_user_logs_in_with_any_case_of_the_address_and_out_again) {
    HostWorld world;
    BOOST_REQUIRE(host::create_user(world.database(), "Operator@example.com", "correct: horse"));
    const auto response = log_in(world, "operator@EXAMPLE.com", "correct: horse");
    BOOST_REQUIRE_EQUAL(response.status, 200U);
    BOOST_TEST(response.headers.at("Content-Type") == "application/jwt");
    const auto shown = world.as(response.body, "GET", me);
    BOOST_TEST(body_of(shown).at("email").as_string() == "operator@example.com");
    world.restart();
    BOOST_TEST(world.as(response.body, "GET", me).status == 200U);
    BOOST_TEST(world.as(response.body, "POST", "/api/management/v1/useradm/auth/logout").status == 202U);
    BOOST_TEST(world.as(response.body, "GET", me).status == 401U);
}

BOOST_AUTO_TEST_CASE(wrong_passwords_unknown_users_and_odd_credentials_are_all_told_the_same) {
    HostWorld world;
    BOOST_REQUIRE(host::create_user(world.database(), "operator@example.com", "correct horse"));
    const auto wrong = log_in(world, "operator@example.com", "correct hors");
    const auto unknown = log_in(world, "nobody@example.com", "correct horse");
    BOOST_TEST(wrong.status == 401U);
    BOOST_TEST(unknown.status == 401U);
    BOOST_TEST(wrong.body == unknown.body);
    for (const std::string odd : {"", "Basic", "Basic !!!!", "Basic YWJj", "Bearer YTpi"})
        BOOST_TEST(world.call("POST", login, "", {{"Authorization", odd}}).body == wrong.body, odd);
}

BOOST_AUTO_TEST_CASE(logins_from_one_address_are_limited) {
    HostWorld world;
    const control::Headers odd{{"Authorization", "Basic YWJj"}};
    for (int i = 0; i < 10; ++i)
        BOOST_TEST(world.call("POST", login, "", odd).status == 401U);
    const auto refused = world.call("POST", login, "", odd);
    BOOST_TEST(refused.status == 429U);
    BOOST_TEST(refused.headers.at("Retry-After") == "6");
    world.time.pass(std::chrono::seconds(6));
    BOOST_TEST(world.call("POST", login, "", odd).status == 401U);
    BOOST_TEST(world.call("POST", login, "", odd).status == 429U);
}

BOOST_AUTO_TEST_CASE(good_logins_do_not_count_and_addresses_do_not_share) {
    host::AddressLimiter limiter({10, 6'000});
    const auto first = boost::asio::ip::make_address("2001:db8::1");
    const auto neighbour = boost::asio::ip::make_address("2001:db8::ffff:1");
    const auto other = boost::asio::ip::make_address("2001:db8:0:1::1");
    for (int i = 0; i < 30; ++i) {
        BOOST_TEST(limiter.admit(first, 0) == 0);
        limiter.succeeded(first);
    }
    for (int i = 0; i < 10; ++i)
        BOOST_TEST(limiter.admit(first, 0) == 0);
    BOOST_TEST(limiter.admit(neighbour, 0) == 6);
    BOOST_TEST(limiter.admit(other, 0) == 0);
    BOOST_TEST(limiter.admit(first, 60'000) == 0);
}

BOOST_AUTO_TEST_CASE(a_user_needs_an_address_a_password_and_a_name_of_its_own) {
    HostWorld world;
    auto& database = world.database();
    for (const std::string odd :
         {"", "operator", "@example.com", "a@", "a b@example.com", "a@b@c", "a:b@example.com"})
        BOOST_CHECK(refusal(database, odd, "correct horse") == Errc::bad_request);
    BOOST_CHECK(refusal(database, "a@example.com", "1234567") == Errc::bad_request);
    BOOST_CHECK(refusal(database, "a@example.com", std::string(1025, 'x')) == Errc::bad_request);
    BOOST_REQUIRE(host::create_user(database, "a@example.com", "12345678"));
    BOOST_CHECK(refusal(database, "A@example.com", "87654321") == Errc::conflict);
    BOOST_TEST(log_in(world, "a@example.com", "12345678").status == 200U);
}

BOOST_AUTO_TEST_CASE(another_password_ends_every_login_of_its_user_and_of_nobody_else) {
    HostWorld world;
    auto& database = world.database();
    BOOST_REQUIRE(host::create_user(database, "a@example.com", "first password"));
    BOOST_REQUIRE(host::create_user(database, "b@example.com", "first password"));
    const auto one = log_in(world, "a@example.com", "first password").body;
    const auto two = log_in(world, "a@example.com", "first password").body;
    const auto other = log_in(world, "b@example.com", "first password").body;
    BOOST_REQUIRE(host::set_password(database, "A@example.com", "second password"));
    BOOST_TEST(world.as(one, "GET", me).status == 401U);
    BOOST_TEST(world.as(two, "GET", me).status == 401U);
    BOOST_TEST(world.as(other, "GET", me).status == 200U);
    BOOST_TEST(log_in(world, "a@example.com", "first password").status == 401U);
    BOOST_TEST(log_in(world, "a@example.com", "second password").status == 200U);
}

BOOST_AUTO_TEST_CASE(a_login_that_another_password_or_the_user_s_end_overtakes_is_refused) {
    HostWorld world;
    auto& database = world.database();
    BOOST_REQUIRE(host::create_user(database, "a@example.com", "first password"));
    BOOST_REQUIRE(host::create_user(database, "b@example.com", "first password"));
    const auto overtaken = [&](const char* email, const std::function<void()>& by) {
        return world.call_while(by, 1, "POST", login, "", credentials(email, "first password"))
            .front()
            .status;
    };
    BOOST_TEST(overtaken("a@example.com", [] {}) == 200U);
    const auto change = [&] { host::set_password(database, "a@example.com", "second password").value(); };
    BOOST_TEST(overtaken("a@example.com", change) == 401U);
    const auto remove = [&] { database.query("DELETE FROM users WHERE email = 'b@example.com'").run(); };
    BOOST_TEST(overtaken("b@example.com", remove) == 401U);
}

BOOST_AUTO_TEST_CASE(only_a_few_passwords_wait_to_be_checked) {
    HostWorld world;
    BOOST_REQUIRE(host::create_user(world.database(), "a@example.com", "first password"));
    constexpr auto most = host::embedded::PasswordWork::most_waiting;
    const auto answers =
        world.call_while([] {}, most + 2, "POST", login, "", credentials("a@example.com", "first password"));
    for (std::size_t i = 0; i < most; ++i)
        BOOST_TEST(answers[i].status == 200U);
    for (std::size_t i = most; i < answers.size(); ++i) {
        BOOST_TEST(answers[i].status == 429U);
        BOOST_TEST(!answers[i].headers.at("Retry-After").empty());
    }
    BOOST_TEST(log_in(world, "a@example.com", "first password").status == 200U);
}

BOOST_AUTO_TEST_CASE(a_password_that_cannot_be_set_changes_nothing) {
    HostWorld world;
    auto& database = world.database();
    BOOST_REQUIRE(host::create_user(database, "a@example.com", "first password"));
    const auto token = log_in(world, "a@example.com", "first password").body;
    BOOST_CHECK(host::set_password(database, "a@example.com", "1234567").error().code == Errc::bad_request);
    BOOST_CHECK(host::set_password(database, "c@example.com", "12345678").error().code == Errc::not_found);
    BOOST_TEST(world.as(token, "GET", me).status == 200U);
}

BOOST_AUTO_TEST_CASE(a_stored_password_is_salted_and_matches_only_itself) {
    using namespace host::embedded;
    const auto stored = hash_password("secret");
    BOOST_TEST(stored != hash_password("secret"));
    BOOST_TEST(stored.find("secret") == std::string::npos);
    BOOST_TEST(password_matches("secret", stored));
    BOOST_TEST(!password_matches("secre", stored));
    BOOST_TEST(!password_matches("", unmatched_password()));
    for (const std::string odd : {"", "scrypt", "scrypt$99$8$1$AAAA$AAAA", "bcrypt$15$8$3$AAAA$AAAA"})
        BOOST_TEST(!password_matches("secret", odd));
    // RFC 7914, section 12, third vector, cut to 32 bytes.
    const auto hash = from_hex("7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2").value();
    BOOST_TEST(password_matches("pleaseletmein", "scrypt$14$8$1$" + to_base64(bytes_of("SodiumChloride")) +
                                                     "$" + to_base64(hash)));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace two_path::tests
