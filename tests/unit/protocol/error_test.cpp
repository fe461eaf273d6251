#include "protocol/error.hpp"

#include <boost/test/unit_test.hpp>

#include <set>
#include <stdexcept>

namespace two_path {
BOOST_AUTO_TEST_SUITE(error)

namespace {

constexpr auto last = static_cast<int>(Errc::rolled_back);

bool is_reason(std::string_view name) {
    return !name.empty() && name.find_first_not_of("abcdefghijklmnopqrstuvwxyz_") == std::string_view::npos;
}

} // namespace

BOOST_AUTO_TEST_CASE(every_reason_has_a_row_that_each_of_its_readers_can_use) {
    std::set<std::string_view> names;
    for (int i = 0; i <= last; ++i) {
        const auto code = static_cast<Errc>(i);
        const auto& row = info(code);
        BOOST_TEST_CONTEXT(row.reason) {
            BOOST_TEST((row.code == code));
            BOOST_TEST(is_reason(row.reason));
            BOOST_TEST(names.insert(row.reason).second);
            BOOST_TEST(!row.meaning.empty());
            BOOST_TEST(!row.advice.empty());
            BOOST_TEST((row.http_status >= 400 && row.http_status < 600));
            BOOST_TEST((row.ftp_reply >= 400 && row.ftp_reply < 600));
            BOOST_TEST((row.exit_code >= 1 && row.exit_code <= 8));
            BOOST_TEST((errc_from_reason(row.reason) == code));
        }
    }
    for (const auto* name : {"", "unknown", "tampered ", "TAMPERED", "tamper"})
        BOOST_TEST(!errc_from_reason(name).has_value(), name);
}

BOOST_AUTO_TEST_CASE(http_statuses_say_what_their_standard_says) {
    struct {
        Errc code;
        int status;
    } const cases[] = {{Errc::bad_request, 400},    {Errc::unauthorized, 401}, {Errc::forbidden, 403},
                       {Errc::not_deployed, 403},   {Errc::not_found, 404},    {Errc::conflict, 409},
                       {Errc::out_of_order, 409},   {Errc::too_large, 413},    {Errc::busy, 429},
                       {Errc::unavailable, 503},    {Errc::internal, 500},     {Errc::no_room, 507},
                       {Errc::payload_missing, 409}};
    for (const auto& one : cases)
        BOOST_TEST(info(one.code).http_status == one.status, info(one.code).reason);
}

BOOST_AUTO_TEST_CASE(a_message_has_reason_meaning_detail_and_advice_on_one_line) {
    BOOST_TEST(fail(Errc::not_found, "release app-2.0").message() ==
               "not_found: there is no such thing (release app-2.0); check the name");
    BOOST_TEST(fail(Errc::not_found, "").message() == "not_found: there is no such thing; check the name");
}

BOOST_AUTO_TEST_CASE(the_value_of_a_failure_throws_its_message) {
    const Result<int> failed = fail(Errc::no_room, "here");
    BOOST_CHECK_EXCEPTION(static_cast<void>(failed.value()), std::runtime_error,
                          [](const std::runtime_error& error) {
                              return std::string_view(error.what()) == fail(Errc::no_room, "here").message();
                          });
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace two_path
