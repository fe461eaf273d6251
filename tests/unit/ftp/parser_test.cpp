/// Lines, commands and replies: good, bad, and more than allowed.
#include "ftp/command.hpp"
#include "ftp/line.hpp"
#include "ftp/reply.hpp"

#include <boost/test/unit_test.hpp>

using namespace two_path::ftp;
using namespace std::string_literals;

BOOST_AUTO_TEST_SUITE(parsers)

namespace {

constexpr std::size_t limit = 16;

/// Every line of `bytes` fed in pieces of `step`; '!' is an over-long line, '?' a malformed one.
std::string lines(std::string_view bytes, std::size_t step) {
    LineSplitter splitter;
    std::string result;
    for (std::size_t at = 0; at < bytes.size(); at += step) {
        splitter.feed(bytes.substr(at, step));
        while (const auto line = splitter.next(limit))
            result += (line->kind == Line::Kind::text       ? line->text
                       : line->kind == Line::Kind::too_long ? "!"
                                                            : "?") +
                      "|";
    }
    return result;
}

} // namespace

BOOST_AUTO_TEST_CASE(lines_are_cut_whatever_the_segments) {
    const auto bytes = "USER a\r\nNOOP\n\r\nA\rB\r\nC\0D\r\nlast\r\nnot ended"s;
    for (const std::size_t step : {1U, 2U, 3U, 7U, 100U})
        BOOST_TEST(lines(bytes, step) == "USER a|NOOP||?|?|last|");
}

BOOST_AUTO_TEST_CASE(a_long_line_is_dropped_and_the_next_one_is_read) {
    const auto bytes = std::string(20, 'x') + "\r\nNOOP\r\n";
    for (const std::size_t step : {1U, 5U, 100U})
        BOOST_TEST(lines(bytes, step) == "!|NOOP|");
    BOOST_TEST(lines(std::string(limit, 'x') + "\n", 1) == std::string(limit, 'x') + "|");
}

BOOST_AUTO_TEST_CASE(an_endless_line_is_reported_again_and_again) {
    BOOST_TEST(lines(std::string(limit * 4, 'x'), 1).size() >= 6U);
}

BOOST_AUTO_TEST_CASE(commands_are_read_in_any_case_with_their_argument_as_it_stands) {
    const auto command = parse_command("rEtR  a b ");
    BOOST_TEST((command.verb == Verb::retr));
    BOOST_TEST(command.argument == " a b ");
    BOOST_TEST(parse_command("NOOP").argument.empty());
    const std::pair<const char*, Verb> table[] = {
        {"", Verb::unknown},
        {" USER a", Verb::unknown},
        {"USERX", Verb::unknown},
        {"US", Verb::unknown},
        {"XPWD", Verb::pwd},
        {"XCWD /", Verb::cwd},
        {"PORT 1", Verb::active},
        {"EPRT |", Verb::active},
        {"LIST x", Verb::unserved},
        {"AUTH TLS", Verb::unavailable},
        {"GET / HTTP/1.1", Verb::http},
        {"Host: a", Verb::http},
        {"CONNECT a:21 HTTP/1.1", Verb::http},
    };
    for (const auto& [line, verb] : table)
        BOOST_TEST_CONTEXT(line) BOOST_TEST((parse_command(line).verb == verb));
}

BOOST_AUTO_TEST_CASE(telnet_commands_are_no_text) {
    BOOST_TEST(strip_telnet("\xFF\xF4\xFF\xF2"
                            "ABOR") == "ABOR");
    BOOST_TEST(strip_telnet("\xFF\xFB\x01NOOP") == "NOOP");
    BOOST_TEST(strip_telnet("NO\xFF\xFFOP\xFF") == "NOOP");
    BOOST_TEST(strip_telnet("a\xFF\xFE") == "a");
}

BOOST_AUTO_TEST_CASE(numbers_are_digits_within_63_bits) {
    BOOST_TEST(parse_number("0").value() == 0U);
    BOOST_TEST(parse_number("0000000000000000007").value() == 7U);
    BOOST_TEST(parse_number("9223372036854775807").value() == 9223372036854775807U);
    for (const auto* bad : {"", "-1", "+1", " 1", "1 ", "0x10", "1e3", "9223372036854775808",
                            "18446744073709551615", "00000000000000000001", "99999999999999999999"})
        BOOST_TEST_CONTEXT(bad) BOOST_TEST(!parse_number(bad));
}

BOOST_AUTO_TEST_CASE(replies_are_printed) {
    BOOST_TEST(print_reply(220, "Ready.") == "220 Ready.\r\n");
    BOOST_TEST(print_reply(211, "Features:\n SIZE\nEnd") == "211-Features:\r\n SIZE\r\n211 End\r\n");
}

BOOST_AUTO_TEST_CASE(passive_replies_come_back_as_their_port) {
    const auto address = boost::asio::ip::make_address_v4("192.0.2.1");
    BOOST_TEST(passive_text(address, 258) == "Entering passive mode (192,0,2,1,1,2).");
    BOOST_TEST(parse_passive(passive_text(address, 65535)).value() == 65535);
    BOOST_TEST(parse_passive("=127,0,0,1,4,1").value() == 1025);
    for (const auto* bad : {"", "none", "(1,2,3,4,5)", "(1,2,3,4,5,256)", "(1,2,3,4,5,6,7)", "(1,2,,4,5,6)",
                            "(1,2,3,4,5,99999999999)", "(1.2.3.4,5,6)", "(1,2,3,4,-5,6)", "(1,2,3,4,0,0)"})
        BOOST_TEST_CONTEXT(bad) BOOST_TEST(!parse_passive(bad));

    BOOST_TEST(parse_extended_passive(extended_passive_text(6446)).value() == 6446);
    BOOST_TEST(parse_extended_passive("ok (!!!21!)").value() == 21);
    for (const auto* bad : {"", "(|||)", "(||1|)", "(|||65536|)", "(|||21)", "(|!|21|)", "(|||-1|)", "|||21|",
                            "(|||21|", "(1112111)", "(|||0|)", "(|1|10.0.0.1|21|)"})
        BOOST_TEST_CONTEXT(bad) BOOST_TEST(!parse_extended_passive(bad));
}

BOOST_AUTO_TEST_CASE(replies_are_put_together) {
    using State = ReplyParser::State;
    ReplyParser parser;
    BOOST_TEST((parser.line("220 Ready.") == State::complete));
    BOOST_TEST(parser.take().text == "Ready.");
    for (const auto* middle : {"220-Welcome", " 220 not yet", "221 nor yet", "220-still not", ""})
        BOOST_TEST((parser.line(middle) == State::more));
    BOOST_TEST((parser.line("220 End") == State::complete));
    const auto reply = parser.take();
    BOOST_TEST(reply.code == 220);
    BOOST_TEST(reply.text == "Welcome\n 220 not yet\n221 nor yet\n220-still not\n\nEnd");
    BOOST_TEST((parser.line("200") == State::complete));
    BOOST_TEST(parser.take().code == 200);
}

BOOST_AUTO_TEST_CASE(what_is_no_reply_is_refused) {
    for (const auto* bad :
         {"", "22", "2200 x", "099 x", "600 x", "HTTP/1.1 400 Bad", " 220 x", "220x", "-20 x"}) {
        ReplyParser parser;
        BOOST_TEST_CONTEXT(bad) BOOST_TEST((parser.line(bad) == ReplyParser::State::malformed));
    }
    ReplyParser parser;
    auto state = parser.line("220-");
    for (std::size_t i = 1; i < ReplyParser::max_lines; ++i)
        state = parser.line("more");
    BOOST_TEST((state == ReplyParser::State::more));
    BOOST_TEST((parser.line("more") == ReplyParser::State::too_long));
}

BOOST_AUTO_TEST_SUITE_END()
