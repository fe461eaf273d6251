#include "tests/unit/plugin/host/host_world.hpp"

#include <boost/test/unit_test.hpp>

namespace two_path::tests {
namespace {

const std::string useradm = "/api/management/v1/useradm";
const std::string users = useradm + "/users";
const std::string tokens = useradm + "/settings/tokens";
const std::string settings_path = useradm + "/settings";

std::string log_in(HostWorld& world, const std::string& email, const std::string& password) {
    const auto credentials = to_base64(bytes_of(email + ":" + password));
    const auto answer =
        world.call("POST", useradm + "/auth/login", "", {{"Authorization", "Basic " + credentials}});
    return answer.status == 200 ? answer.body : std::string();
}

/// Two users who have logged in.
struct TwoUsers : HostWorld {
    TwoUsers() {
        BOOST_REQUIRE(host::create_user(database(), "a@example.com", "password of a"));
        BOOST_REQUIRE(host::create_user(database(), "b@example.com", "password of b"));
        a = log_in(*this, "a@example.com", "password of a");
        b = log_in(*this, "b@example.com", "password of b");
    }
    std::string id_of_user(const std::string& token) {
        return std::string(body_of(as(token, "GET", users + "/me")).at("id").as_string());
    }
    std::string a;
    std::string b;
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(embedded_host_user_api, TwoUsers)

BOOST_AUTO_TEST_CASE(users_are_listed_added_and_removed) {
    BOOST_TEST(body_of(as(a, "GET", users)).as_array().size() == 2U);
    const auto made = as(a, "POST", users, R"({"email":"C@example.com","password":"password of c"})");
    BOOST_REQUIRE_EQUAL(made.status, 201U);
    const auto c = users + "/" + id_in_location(made);
    BOOST_TEST(made.headers.at("Location") == c);
    BOOST_TEST(body_of(as(a, "GET", c)).at("email").as_string() == "c@example.com");
    BOOST_TEST(body_of(as(a, "GET", c)).as_object().count("login_ts") == 0U);
    BOOST_TEST(!log_in(*this, "c@example.com", "password of c").empty());
    BOOST_TEST(body_of(as(a, "GET", c)).as_object().count("login_ts") == 1U);
    BOOST_TEST(as(a, "DELETE", c).status == 204U);
    BOOST_TEST(as(a, "DELETE", c).status == 204U);
    BOOST_TEST(as(a, "GET", c).status == 404U);
    BOOST_TEST(log_in(*this, "c@example.com", "password of c").empty());
}

BOOST_AUTO_TEST_CASE(no_answer_shows_a_password_or_its_hash) {
    const auto shown = as(a, "GET", users).body + as(a, "GET", users + "/me").body;
    BOOST_TEST(shown.find("scrypt") == std::string::npos);
    BOOST_TEST(shown.find("password") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(what_is_malformed_taken_or_too_short_adds_nobody) {
    BOOST_TEST(as(a, "POST", users, R"({"email":"c@example.com"})").status == 400U);
    BOOST_TEST(as(a, "POST", users, R"({"email":"nobody","password":"password of c"})").status == 400U);
    BOOST_TEST(as(a, "POST", users, R"({"email":"c@example.com","password":"short"})").status == 422U);
    BOOST_TEST(as(a, "POST", users, R"({"email":"B@example.com","password":"password of c"})").status ==
               422U);
    BOOST_TEST(body_of(as(a, "GET", users)).as_array().size() == 2U);
}

BOOST_AUTO_TEST_CASE(a_password_is_changed_by_its_owner_who_knows_it_and_ends_the_other_logins) {
    const auto other = log_in(*this, "a@example.com", "password of a");
    const auto program = as(a, "POST", tokens, R"({"name":"ci"})").body;
    const auto me = users + "/me";
    const auto b_too = users + "/" + id_of_user(b);
    const std::string right = R"({"password":"another one","current_password":"password of a"})";
    BOOST_TEST(as(a, "PUT", me, R"({"password":"another one"})").status == 422U);
    BOOST_TEST(as(a, "PUT", me, R"({"password":"another one","current_password":"wrong"})").status == 422U);
    BOOST_TEST(as(a, "PUT", me, R"({"password":"short","current_password":"password of a"})").status == 422U);
    BOOST_TEST(as(a, "PUT", b_too, right).status == 422U);
    BOOST_TEST(as(other, "GET", me).status == 200U);
    BOOST_TEST(as(a, "PUT", me, right).status == 204U);
    BOOST_TEST(as(a, "GET", me).status == 200U);
    BOOST_TEST(as(other, "GET", me).status == 401U);
    BOOST_TEST(as(program, "GET", me).status == 401U);
    BOOST_TEST(log_in(*this, "a@example.com", "password of a").empty());
    BOOST_TEST(!log_in(*this, "a@example.com", "another one").empty());
    BOOST_TEST(as(b, "GET", me).status == 200U);
}

BOOST_AUTO_TEST_CASE(a_change_that_another_overtakes_changes_nothing) {
    const auto overtake = [&] { host::set_password(database(), "a@example.com", "the operator's").value(); };
    const std::string late = R"({"password":"the thief's","current_password":"password of a"})";
    const auto answer =
        call_while(overtake, 1, "PUT", users + "/me", late, {{"Authorization", "Bearer " + a}});
    BOOST_TEST(answer.front().status == 422U);
    BOOST_TEST(!log_in(*this, "a@example.com", "the operator's").empty());
}

BOOST_AUTO_TEST_CASE(a_token_is_no_way_to_guess_the_password) {
    const std::string wrong = R"({"password":"another one","current_password":"a guess"})";
    unsigned status = 422;
    int tried = 0;
    for (; status == 422 && tried < 20; ++tried)
        status = as(a, "PUT", users + "/me", wrong).status;
    BOOST_TEST(status == 429U);
    BOOST_TEST(tried == 11);
    BOOST_TEST(log_in(*this, "b@example.com", "password of b").empty()); // it is the address that has to wait
}

BOOST_AUTO_TEST_CASE(an_address_is_changed_unless_it_is_taken) {
    const auto me = users + "/me";
    BOOST_TEST(as(a, "PUT", me, R"({"email":"b@example.com"})").status == 422U);
    BOOST_TEST(as(a, "PUT", me, R"({"email":"nobody"})").status == 400U);
    BOOST_TEST(as(a, "PUT", me, R"({"email":"A2@example.com"})").status == 204U);
    BOOST_TEST(body_of(as(a, "GET", me)).at("email").as_string() == "a2@example.com");
    BOOST_TEST(as(a, "PUT", users + "/unknown", R"({"email":"c@example.com"})").status == 404U);
}

BOOST_AUTO_TEST_CASE(a_removed_user_s_tokens_end_and_the_last_user_stays) {
    const auto b_id = id_of_user(b);
    BOOST_TEST(as(a, "DELETE", users + "/" + b_id).status == 204U);
    BOOST_TEST(as(b, "GET", users).status == 401U);
    BOOST_TEST(as(a, "DELETE", users + "/me").status == 422U);
    BOOST_TEST(as(a, "GET", users + "/me").status == 200U);
}

BOOST_AUTO_TEST_CASE(a_program_works_with_a_personal_access_token_until_it_is_revoked) {
    const auto answer = as(a, "POST", tokens, R"({"name":"ci","expires_in":3600})");
    BOOST_REQUIRE_EQUAL(answer.status, 200U);
    BOOST_TEST(answer.headers.at("Content-Type") == "application/jwt");
    const auto listed = body_of(as(a, "GET", tokens)).as_array();
    BOOST_REQUIRE_EQUAL(listed.size(), 1U);
    BOOST_TEST(listed[0].at("name").as_string() == "ci");
    BOOST_TEST(listed[0].at("expiration_date").as_string() == "2027-01-15T09:00:00.000Z");
    BOOST_TEST(listed[0].as_object().count("last_used") == 0U);
    BOOST_TEST(as(answer.body, "GET", artifacts_path).status == 200U);
    BOOST_TEST(body_of(as(a, "GET", tokens)).at(0).at("last_used").as_string() == "2027-01-15T08:00:00.000Z");
    BOOST_TEST(body_of(as(b, "GET", tokens)).as_array().empty());
    const auto one = tokens + "/" + std::string(listed[0].at("id").as_string());
    BOOST_TEST(as(b, "DELETE", one).status == 404U);
    BOOST_TEST(as(a, "DELETE", one).status == 204U);
    BOOST_TEST(as(answer.body, "GET", artifacts_path).status == 401U);
}

BOOST_AUTO_TEST_CASE(a_personal_access_token_ends_by_itself) {
    const auto token = as(a, "POST", tokens, R"({"name":"ci","expires_in":60})").body;
    time.pass(std::chrono::seconds(59));
    BOOST_TEST(as(token, "GET", artifacts_path).status == 200U);
    time.pass(std::chrono::seconds(1));
    BOOST_TEST(as(token, "GET", artifacts_path).status == 401U);
}

BOOST_AUTO_TEST_CASE(a_personal_access_token_needs_a_name_of_its_own_and_ten_are_enough) {
    BOOST_TEST(as(a, "POST", tokens, R"({"name":""})").status == 400U);
    BOOST_TEST(as(a, "POST", tokens, R"({"name":"x","expires_in":999999999999})").status == 400U);
    for (int i = 0; i < 10; ++i)
        BOOST_TEST(as(a, "POST", tokens, "{\"name\":\"" + std::to_string(i) + "\"}").status == 200U);
    BOOST_TEST(as(a, "POST", tokens, R"({"name":"3"})").status == 409U);
    BOOST_TEST(as(a, "POST", tokens, R"({"name":"eleventh"})").status == 422U);
    BOOST_TEST(as(b, "POST", tokens, R"({"name":"3"})").status == 200U);
}

BOOST_AUTO_TEST_CASE(settings_are_kept_for_all_and_for_each) {
    BOOST_TEST(as(a, "GET", settings_path).body == "{}");
    BOOST_TEST(as(a, "POST", settings_path, R"({"retries":0})").status == 201U);
    BOOST_TEST(as(a, "POST", settings_path + "/me", R"({"dark":true})").status == 201U);
    restart();
    BOOST_TEST(as(b, "GET", settings_path).body == R"({"retries":0})");
    BOOST_TEST(as(a, "GET", settings_path + "/me").body == R"({"dark":true})");
    BOOST_TEST(as(b, "GET", settings_path + "/me").body == "{}");
    BOOST_TEST(as(a, "POST", settings_path, "[]").status == 400U);
    BOOST_TEST(as(a, "POST", settings_path, "{\"a\":\"" + std::string(65'536, 'x') + "\"}").status == 413U);
}

BOOST_AUTO_TEST_CASE(settings_that_somebody_else_changed_are_not_overwritten) {
    const auto tag = as(a, "GET", settings_path).headers.at("ETag");
    const auto change = [&](const std::string& if_match, const std::string& body) {
        return call("POST", settings_path, body, {{"Authorization", "Bearer " + a}, {"If-Match", if_match}});
    };
    const auto first = change(tag, R"({"by":"a"})");
    BOOST_TEST(first.status == 201U);
    BOOST_TEST(change(tag, R"({"by":"b"})").status == 412U);
    BOOST_TEST(as(a, "GET", settings_path).body == R"({"by":"a"})");
    BOOST_TEST(as(a, "GET", settings_path).headers.at("ETag") == first.headers.at("ETag"));
    BOOST_TEST(change(first.headers.at("ETag"), R"({"by":"b"})").status == 201U);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace two_path::tests
