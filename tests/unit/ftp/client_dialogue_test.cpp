/// Which replies the client accepts to which request, without a socket.
#include "ftp/client_dialogue.hpp"

#include <boost/test/unit_test.hpp>
#include <vector>

using namespace two_path::ftp;
using Request = ClientDialogue::Request;
using Verdict = ClientDialogue::Verdict;

BOOST_TEST_DONT_PRINT_LOG_VALUE(ClientDialogue::Verdict)

BOOST_AUTO_TEST_SUITE(client_dialogue)

namespace {

std::string begin(ClientDialogue& dialogue, Request request, std::string_view argument = {}) {
    const auto line = dialogue.begin(request, argument);
    return line ? *line : line.error().message();
}

Verdict judge(ClientDialogue& dialogue, int code) {
    return dialogue.judge({code, ""});
}

/// A dialogue just before the reply to `request`.
ClientDialogue at(Request request) {
    using enum ClientDialogue::Request;
    struct Step {
        Request request;
        const char* argument;
        int code;
    };
    static const Step way[] = {
        {banner, "", 220}, {user, "u", 331}, {password, "p", 230}, {retrieve, "f", 150}};
    ClientDialogue dialogue;
    for (const auto& step : way) {
        const bool there =
            request == step.request || (step.request == retrieve && request != result && request != abort);
        if (there) break;
        BOOST_REQUIRE(dialogue.begin(step.request, step.argument));
        BOOST_REQUIRE(judge(dialogue, step.code) == Verdict::accepted);
    }
    BOOST_REQUIRE(dialogue.begin(request, "x"));
    return dialogue;
}

} // namespace

BOOST_AUTO_TEST_CASE(each_request_takes_its_own_replies_only) {
    using enum ClientDialogue::Request;
    struct Row {
        Request request;
        std::vector<int> accepted;
    };
    const Row table[] = {
        {banner, {220}},        {user, {331}},       {password, {230}},         {type, {200}},
        {size, {213}},          {passive, {227}},    {extended_passive, {229}}, {restart, {350}},
        {retrieve, {125, 150}}, {store, {125, 150}}, {result, {226, 250}},      {quit, {221}}};
    for (const auto& row : table) {
        for (int code = 100; code < 600; ++code) {
            auto dialogue = at(row.request);
            const bool good = std::find(row.accepted.begin(), row.accepted.end(), code) != row.accepted.end();
            const auto expected = good          ? Verdict::accepted
                                  : code >= 400 ? Verdict::refused
                                                : Verdict::unexpected;
            BOOST_TEST_CONTEXT(static_cast<int>(row.request) << " " << code)
            BOOST_TEST(judge(dialogue, code) == expected);
        }
    }
}

BOOST_AUTO_TEST_CASE(order_is_kept) {
    ClientDialogue dialogue;
    const auto refused = make_error_code(Errc::out_of_order).message();
    BOOST_TEST(begin(dialogue, Request::user, "u") == refused);
    BOOST_TEST(begin(dialogue, Request::banner) == "");
    judge(dialogue, 220);
    BOOST_TEST(begin(dialogue, Request::password, "p") == refused);
    BOOST_TEST(begin(dialogue, Request::size, "f") == refused);
    BOOST_TEST(begin(dialogue, Request::user, "u") == "USER u\r\n");
    judge(dialogue, 331);
    BOOST_TEST(begin(dialogue, Request::password, "p") == "PASS p\r\n");
    judge(dialogue, 530);
    BOOST_TEST(begin(dialogue, Request::password, "p") == refused);
    begin(dialogue, Request::user, "u");
    judge(dialogue, 331);
    begin(dialogue, Request::password, "p");
    judge(dialogue, 230);
    BOOST_TEST(dialogue.logged_in());
    BOOST_TEST(begin(dialogue, Request::result) == refused);
    BOOST_TEST(begin(dialogue, Request::abort) == refused);
    begin(dialogue, Request::retrieve, "f");
    judge(dialogue, 150);
    BOOST_TEST(dialogue.transferring());
    BOOST_TEST(begin(dialogue, Request::size, "f") == refused);
}

BOOST_AUTO_TEST_CASE(nothing_follows_what_does_not_belong) {
    for (const int code : {150, 230, 421}) {
        auto dialogue = at(Request::size);
        judge(dialogue, code);
        BOOST_TEST(!dialogue.begin(Request::type));
        BOOST_TEST(!dialogue.begin(Request::quit));
    }
}

BOOST_AUTO_TEST_CASE(arguments_cannot_smuggle_commands) {
    auto dialogue = at(Request::size);
    for (const auto& bad : {std::string("a\r\nDELE b"), std::string("a\nb"), std::string(1, '\0'),
                            std::string("\xFF\x7F"), std::string(), std::string(401, 'a')})
        BOOST_TEST(begin(dialogue, Request::retrieve, bad) == make_error_code(Errc::bad_argument).message());
    BOOST_TEST(begin(dialogue, Request::retrieve, std::string(400, 'a')).size() == 407U);
}

BOOST_AUTO_TEST_CASE(abort_reads_both_replies) {
    struct Row {
        std::vector<int> codes;
        Verdict last;
    };
    const Row table[] = {{{426, 226}, Verdict::accepted}, {{226, 225}, Verdict::accepted},
                         {{451, 226}, Verdict::accepted}, {{426, 500}, Verdict::refused},
                         {{150}, Verdict::unexpected},    {{421}, Verdict::refused}};
    for (const auto& row : table) {
        auto dialogue = at(Request::abort);
        auto verdict = Verdict::more;
        for (const int code : row.codes) {
            BOOST_TEST(verdict == Verdict::more);
            verdict = judge(dialogue, code);
        }
        BOOST_TEST(verdict == row.last);
    }
}

BOOST_AUTO_TEST_SUITE_END()
