/// The server's answers, state by state, without a socket.
#include "ftp/server_dialogue.hpp"

#include <boost/test/unit_test.hpp>
#include <vector>

using namespace two_path::ftp;
using Do = ServerDialogue::Do;
using Step = ServerDialogue::Step;

BOOST_TEST_DONT_PRINT_LOG_VALUE(ServerDialogue::Do)

BOOST_AUTO_TEST_SUITE(server_dialogue)

namespace {

constexpr std::uint64_t file_size = 1000;

/// The codes of a reply's lines, without the middle of longer ones.
std::string codes(const std::string& reply) {
    std::string result;
    for (std::size_t at = 0; at < reply.size(); at = reply.find('\n', at) + 1)
        if (reply[at] != ' ' && reply[at + 3] == ' ')
            result += (result.empty() ? "" : " ") + reply.substr(at, 3);
    return result;
}

/// A dialogue with the one file `file`, the user `user` and a data port that can always be had.
struct Talk {
    explicit Talk(bool ipv6 = false)
      : dialogue({"Ready.", 3, ipv6}) {}

    /// Feeds a line, answers what the dialogue asks, gives the codes that were sent.
    std::string operator()(const std::string& text) {
        return settle(dialogue.line({Line::Kind::text, text}));
    }

    std::string settle(Step step) {
        for (std::string sent;;) {
            const auto more = codes(step.reply);
            if (!sent.empty() && !more.empty()) sent += ' ';
            sent += more;
            last = step;
            switch (step.what) {
            case Do::challenge:
                step = dialogue.challenged("Password.");
                continue;
            case Do::authenticate:
                step = dialogue.authenticated(
                    step.argument == "right" ? std::optional<std::string>("Welcome.") : std::nullopt);
                continue;
            case Do::size:
                step = dialogue.sized(lookup(step.argument));
                continue;
            case Do::open:
                step = dialogue.opened(lookup(step.argument));
                continue;
            case Do::store:
                step = dialogue.allotted(allot(step.argument));
                continue;
            case Do::listen:
                step = dialogue.listening(tcp::endpoint(asio::ip::address_v4::loopback(), 2000));
                continue;
            default:
                return sent;
            }
        }
    }

    static std::variant<std::uint64_t, Refusal> lookup(const std::string& name) {
        if (name == "file") return file_size;
        if (name == "busy") return Refusal::busy;
        return name == "bad" ? Refusal::failed : Refusal::not_found;
    }

    /// "part" holds 100 of 1000 bytes, "any" holds 10 and may have up to 50.
    static std::variant<Space, Refusal> allot(const std::string& name) {
        if (name == "part") return Space{100, file_size, true};
        if (name == "any") return Space{10, 50, false};
        if (name == "full") return Refusal::no_room;
        if (name == "unserved") return Refusal::unserved;
        const auto found = lookup(name);
        return std::holds_alternative<Refusal>(found) ? std::get<Refusal>(found) : Refusal::failed;
    }

    void login() {
        (*this)("USER user");
        (*this)("PASS right");
        (*this)("TYPE I");
    }
    void transfer() {
        (*this)("EPSV");
        (*this)("RETR file");
        settle(dialogue.data_connected());
    }

    ServerDialogue dialogue;
    Step last;
};

struct Row {
    const char* line;
    const char* codes;
};

void check(Talk& talk, const std::vector<Row>& rows) {
    for (const auto& row : rows)
        BOOST_TEST_CONTEXT(row.line) BOOST_TEST(talk(row.line) == row.codes);
}

} // namespace

BOOST_AUTO_TEST_CASE(before_login) {
    Talk talk;
    BOOST_TEST(talk.dialogue.connected().reply == "220 Ready.\r\n");
    BOOST_TEST(talk.dialogue.line_limit() == 512U);
    check(talk, {{"PASS right", "503"}, {"NOOP", "200"},      {"FEAT", "211"},
                 {"SYST", "215"},       {"CLNT x", "200"},    {"OPTS UTF8 ON", "200"},
                 {"OPTS HASH", "501"},  {"AUTH TLS", "502"},  {"PROT P", "502"},
                 {"HOST a", "502"},     {"nonsense", "500"},  {"", "500"},
                 {"EPSV", "530"},       {"PASV", "530"},      {"PORT 1,2,3,4,5,6", "530"},
                 {"TYPE I", "530"},     {"SIZE file", "530"}, {"RETR file", "530"},
                 {"STOR file", "530"},  {"REST 1", "530"},    {"ABOR", "530"},
                 {"LIST", "530"},       {"PWD", "530"},       {"USER", "501"},
                 {"USER a\tb", "501"}});
}

BOOST_AUTO_TEST_CASE(login) {
    Talk talk;
    check(talk, {{"user anyone", "331"},
                 {"USER user", "331"},
                 {"PASS right", "230"},
                 {"USER other", "503"},
                 {"PASS right", "503"}});
    BOOST_TEST(talk.dialogue.line_limit() == 1024U);
}

BOOST_AUTO_TEST_CASE(failed_logins_are_delayed_alike_and_counted) {
    Talk talk;
    for (const auto* codes : {"530", "530", "530 421"}) {
        BOOST_TEST(talk("USER user") == "331");
        BOOST_TEST(talk("PASS wrong") == codes);
        BOOST_TEST(talk.last.delayed);
    }
    BOOST_TEST(talk.last.what == Do::close);
    Talk other;
    other("USER user");
    other("PASS wrong");
    BOOST_TEST(other("PASS right") == "503"); // USER comes first again
}

BOOST_AUTO_TEST_CASE(after_login) {
    Talk talk;
    talk.login();
    check(talk, {{"TYPE A", "200"},
                 {"SIZE file", "550"},
                 {"STOR file", "504"},
                 {"EPSV", "229"},
                 {"RETR file", "504"},
                 {"TYPE A N", "200"},
                 {"TYPE A T", "504"},
                 {"TYPE E", "504"},
                 {"TYPE", "501"},
                 {"TYPE L 8", "200"},
                 {"TYPE L 7", "504"},
                 {"type i", "200"},
                 {"MODE S", "200"},
                 {"MODE B", "504"},
                 {"STRU F", "200"},
                 {"STRU R", "504"},
                 {"PWD", "257"},
                 {"XPWD", "257"},
                 {"CWD /", "250"},
                 {"CWD .", "250"},
                 {"CWD ..", "550"},
                 {"CWD /etc", "550"},
                 {"CDUP", "250"},
                 {"ALLO 1", "200"},
                 {"ALLO", "501"},
                 {"ALLO -1", "501"},
                 {"ALLO 1 R 80", "504"},
                 {"ALLO 1 2", "501"},
                 {"SIZE file", "213"},
                 {"SIZE /file", "213"},
                 {"SIZE none", "550"},
                 {"SIZE busy", "450"},
                 {"SIZE bad", "451"},
                 {"SIZE", "501"},
                 {"SIZE /", "501"},
                 {"SIZE a\x01", "501"},
                 {"SIZE a\x7F", "501"},
                 {"STOR", "501"},
                 {"DELE file", "502"},
                 {"LIST", "502"},
                 {"MLSD", "502"},
                 {"SITE UTIME", "502"},
                 {"HELP SITE", "502"},
                 {"MDTM file", "502"},
                 {"HASH file", "502"},
                 {"REIN", "502"},
                 {"ACCT a", "502"},
                 {"ABOR", "225"},
                 {"PORT 127,0,0,1,4,1", "502"},
                 {"EPRT |1|127.0.0.1|1025|", "502"}});
    BOOST_TEST(talk.dialogue.line({Line::Kind::text, "PORT 1"}).reply.find("curl.exe") != std::string::npos);
    BOOST_TEST(talk("QUIT") == "221");
    BOOST_TEST(talk.last.what == Do::close);
}

BOOST_AUTO_TEST_CASE(only_what_is_there_is_a_feature) {
    Talk talk;
    BOOST_TEST(talk.dialogue.line({Line::Kind::text, "FEAT"}).reply ==
               "211-Features:\r\n EPSV\r\n PASV\r\n REST STREAM\r\n SIZE\r\n UTF8\r\n211 End\r\n");
}

BOOST_AUTO_TEST_CASE(passive_mode) {
    Talk talk;
    talk.login();
    check(talk, {{"EPSV", "229"},
                 {"EPSV 1", "229"},
                 {"EPSV 2", "522"},
                 {"EPSV 3", "501"},
                 {"PASV", "227"},
                 {"PASV 1", "501"}});
    check(talk, {{"EPSV ALL", "200"}, {"PASV", "501"}, {"ABOR", "225"}, {"PASV", "501"}, {"EPSV", "229"}});
    Talk six(true);
    six.login();
    check(six, {{"PASV", "425"}, {"EPSV 1", "522"}, {"EPSV 2", "229"}, {"EPSV", "229"}});
    six.dialogue.line({Line::Kind::text, "EPSV"});
    BOOST_TEST(codes(six.dialogue.listening(std::nullopt).reply) == "425");
}

BOOST_AUTO_TEST_CASE(a_transfer_whole) {
    Talk talk;
    talk.login();
    check(talk, {{"RETR file", "425"}, {"EPSV", "229"}, {"RETR file", ""}});
    BOOST_TEST(talk.last.what == Do::transfer);
    BOOST_TEST(talk.settle(talk.dialogue.data_connected()) == "150");
    BOOST_TEST(talk.settle(talk.dialogue.data_ended(DataEnd::whole)) == "226");
    BOOST_TEST(talk("RETR file") == "425"); // the port has closed with the transfer
}

BOOST_AUTO_TEST_CASE(a_refused_file_closes_the_data_port) {
    for (const auto& [name, code] : {Row{"none", "550"}, Row{"busy", "450"}, Row{"bad", "451"}}) {
        Talk talk;
        talk.login();
        talk("PASV");
        BOOST_TEST(talk("RETR " + std::string(name)) == code);
        BOOST_TEST(talk.last.what == Do::cut);
        BOOST_TEST(talk("RETR file") == "425");
    }
}

BOOST_AUTO_TEST_CASE(what_may_not_be_stored) {
    const Row table[] = {
        {"none", "553"}, {"busy", "450"}, {"bad", "451"}, {"full", "452"}, {"unserved", "502"}};
    for (const auto* verb : {"STOR ", "APPE "}) {
        for (const auto& [name, code] : table) {
            Talk talk;
            talk.login();
            talk("PASV");
            BOOST_TEST(talk(std::string(verb) + name) == code);
            BOOST_TEST(talk.last.what == Do::cut);
            BOOST_TEST(talk("STOR part") == "425");
        }
    }
}

BOOST_AUTO_TEST_CASE(where_a_stored_file_begins_and_ends) {
    struct Case {
        std::vector<const char*> lines;
        const char* codes; // of the last line
        std::uint64_t offset;
        std::uint64_t size;
        bool exact;
    };
    const Case cases[] = {
        {{"STOR part"}, "", 0, 1000, true},
        {{"APPE part"}, "", 100, 1000, true},
        {{"REST 40", "STOR part"}, "", 40, 1000, true},
        {{"REST 40", "APPE part"}, "", 40, 1000, true}, // RFC 3659 section 5.3
        {{"REST 0", "APPE part"}, "", 0, 1000, true},
        {{"REST 100", "STOR part"}, "", 100, 1000, true},
        {{"REST 101", "STOR part"}, "554", 0, 0, true},
        {{"REST 9223372036854775807", "APPE part"}, "554", 0, 0, true},
        {{"REST 40", "NOOP", "ALLO 1000", "STOR part"}, "", 40, 1000, true},
        {{"REST 40", "TYPE I", "STOR part"}, "", 0, 1000, true},
        {{"ALLO 999", "STOR part"}, "552", 0, 0, true},
        {{"ALLO 1001", "STOR part"}, "552", 0, 0, true},
        {{"STOR any"}, "", 0, 50, false},
        {{"ALLO 30", "STOR any"}, "", 0, 30, true},
        {{"ALLO 51", "STOR any"}, "552", 0, 0, true},
        {{"ALLO 5", "APPE any"}, "552", 0, 0, true}, // less than is there already
    };
    for (const auto& [lines, answer, offset, size, exact] : cases) {
        Talk talk;
        talk.login();
        talk("EPSV");
        std::string codes;
        for (const auto* line : lines)
            codes = talk(line);
        BOOST_TEST_CONTEXT(lines[0] << " ... " << lines.back()) {
            BOOST_TEST(codes == answer);
            BOOST_TEST((talk.last.what == (codes.empty() ? Do::receive : Do::cut)));
            BOOST_TEST(talk.last.offset == offset);
            BOOST_TEST(talk.last.size == size);
            BOOST_TEST(talk.last.exact == exact);
        }
    }
}

BOOST_AUTO_TEST_CASE(an_allocation_is_for_one_file) {
    Talk talk;
    talk.login();
    check(talk,
          {{"ALLO 51", "200"}, {"EPSV", "229"}, {"STOR any", "552"}, {"EPSV", "229"}, {"STOR any", ""}});
}

BOOST_AUTO_TEST_CASE(an_aborted_store_is_answered_at_once_but_the_next_command_waits_for_its_end) {
    Talk talk;
    talk.login();
    check(talk, {{"EPSV", "229"}, {"STOR part", ""}});
    BOOST_TEST(talk.settle(talk.dialogue.data_connected()) == "150");
    BOOST_TEST(talk("ABOR") == "426 226");
    BOOST_TEST(talk.last.what == Do::cut);
    check(talk, {{"ABOR", "225"}, {"NOOP", ""}});
    BOOST_TEST(!talk.dialogue.queued());
    BOOST_TEST(talk.settle(talk.dialogue.data_ended(DataEnd::whole)) == "");
    auto step = talk.dialogue.queued();
    BOOST_REQUIRE(step);
    BOOST_TEST(talk.settle(*step) == "200");

    check(talk,
          {{"EPSV", "229"}, {"STOR part", ""}, {"ABOR", "426 226"}, {"NOOP", "200"}}); // nobody had come
}

BOOST_AUTO_TEST_CASE(a_transfer_ends_with_the_truth) {
    const std::pair<DataEnd, const char*> table[] = {
        {DataEnd::whole, "226"},   {DataEnd::no_connection, "425"}, {DataEnd::broken, "426"},
        {DataEnd::failed, "451"},  {DataEnd::stopped, "426"},       {DataEnd::rejected, "451"},
        {DataEnd::no_room, "552"}, {DataEnd::too_long, "552"}};
    for (const auto& [end, code] : table) {
        Talk talk;
        talk.login();
        talk.transfer();
        BOOST_TEST(talk.settle(talk.dialogue.data_ended(end)) == code);
        BOOST_TEST(talk("NOOP") == "200");
    }
}

BOOST_AUTO_TEST_CASE(a_data_port_that_nobody_used_closes_silently) {
    Talk talk;
    talk.login();
    talk("EPSV");
    BOOST_TEST(talk.settle(talk.dialogue.data_ended(DataEnd::no_connection)) == "");
    BOOST_TEST(talk("RETR file") == "425");
}

BOOST_AUTO_TEST_CASE(restart) {
    Talk talk;
    talk.login();
    check(talk, {{"REST", "501"},
                 {"REST -1", "501"},
                 {"REST 1x", "501"},
                 {"REST 18446744073709551615", "501"},
                 {"REST 9223372036854775808", "501"},
                 {"REST 9223372036854775807", "350"}});
    struct Case {
        std::vector<const char*> lines;
        std::uint64_t offset;
    };
    const Case cases[] = {
        {{"REST 10", "EPSV"}, 10},
        {{"REST 10", "NOOP", "PASV"}, 10},
        {{"EPSV", "REST 1000"}, 1000},
        {{"EPSV", "REST 10", "REST 0"}, 0},
        {{"EPSV", "REST 10", "SIZE file"}, 0},
        {{"EPSV", "REST 10", "TYPE I"}, 0},
        {{"EPSV", "REST 10", "nonsense"}, 0},
        {{"REST 10", "ABOR", "EPSV"}, 0},
    };
    for (const auto& [lines, offset] : cases) {
        for (const auto* line : lines)
            talk(line);
        BOOST_TEST(talk("RETR file") == "");
        BOOST_TEST(talk.last.offset == offset);
        talk.settle(talk.dialogue.data_ended(DataEnd::broken));
        talk("EPSV");
        talk("RETR file");
        BOOST_TEST(talk.last.offset == 0U); // also a failed transfer uses it up
        talk.settle(talk.dialogue.data_ended(DataEnd::whole));
    }
    check(talk, {{"EPSV", "229"}, {"REST 1001", "350"}, {"RETR file", "554"}, {"RETR file", "425"}});
}

BOOST_AUTO_TEST_CASE(abort_is_answered_at_once) {
    Talk talk;
    talk.login();
    talk.transfer();
    BOOST_TEST(talk("\xFF\xF4\xFF\xF2"
                    "ABOR") == "426 226");
    BOOST_TEST(talk.last.what == Do::cut);
    check(talk,
          {{"NOOP", "200"}, {"RETR file", "425"}, {"EPSV", "229"}, {"ABOR", "225"}, {"RETR file", "425"}});
    talk("EPSV");
    talk("RETR file"); // no data connection yet
    BOOST_TEST(talk("ABOR") == "426 226");
}

BOOST_AUTO_TEST_CASE(commands_during_a_transfer_wait_their_turn) {
    Talk talk;
    talk.login();
    talk.transfer();
    check(talk, {{"NOOP", ""}, {"USER other", ""}, {"SIZE file", ""}, {"QUIT", ""}});
    BOOST_TEST(!talk.dialogue.queued());
    BOOST_TEST(talk.settle(talk.dialogue.data_ended(DataEnd::whole)) == "226");
    for (const auto* code : {"200", "503", "213", "221"}) {
        auto step = talk.dialogue.queued();
        BOOST_REQUIRE(step);
        BOOST_TEST(talk.settle(*step) == code);
    }
    BOOST_TEST(talk.last.what == Do::close);
    BOOST_TEST(!talk.dialogue.queued());
}

BOOST_AUTO_TEST_CASE(the_queue_is_bounded) {
    Talk talk;
    talk.login();
    talk.transfer();
    for (std::size_t i = 0; i < ServerDialogue::max_queue; ++i) {
        BOOST_TEST(talk.dialogue.wants_line());
        talk("NOOP");
    }
    BOOST_TEST(!talk.dialogue.wants_line());
}

BOOST_AUTO_TEST_CASE(end_of_input) {
    Talk idle;
    BOOST_TEST(idle.dialogue.end_of_input().what == Do::close);
    Talk talk;
    talk.login();
    talk.transfer();
    BOOST_TEST(talk.dialogue.end_of_input().what == Do::close); // as ABOR and QUIT
    talk("QUIT");
    BOOST_TEST(talk.dialogue.end_of_input().what == Do::nothing); // QUIT lets it finish
}

BOOST_AUTO_TEST_CASE(lines_that_are_none) {
    Talk talk;
    BOOST_TEST(talk.settle(talk.dialogue.line({Line::Kind::malformed, {}})) == "501");
    BOOST_TEST(talk.settle(talk.dialogue.line({Line::Kind::too_long, {}})) == "500");
    BOOST_TEST(talk.settle(talk.dialogue.line({Line::Kind::too_long, {}})) == "421");
    BOOST_TEST(talk.last.what == Do::close);
    for (const auto* line : {"GET / HTTP/1.1", "POST / HTTP/1.1", "Host: example"}) {
        Talk web;
        BOOST_TEST(web(line) == "");
        BOOST_TEST(web.last.what == Do::close);
    }
}

BOOST_AUTO_TEST_CASE(stopping_and_closing) {
    Talk idle;
    BOOST_TEST(idle.settle(idle.dialogue.stopping()) == "421");
    BOOST_TEST(idle.last.what == Do::close);

    Talk talk;
    talk.login();
    talk.transfer();
    BOOST_TEST(talk.settle(talk.dialogue.stopping()) == "");
    BOOST_TEST(talk.last.what == Do::stop);
    BOOST_TEST(talk.settle(talk.dialogue.data_ended(DataEnd::stopped)) == "426 421");
    BOOST_TEST(talk.last.what == Do::close);

    Talk cut;
    cut.login();
    cut.transfer();
    BOOST_TEST(cut.settle(cut.dialogue.closing("Superseded.")) == "426 421");
    BOOST_TEST(cut.last.what == Do::close);
}

BOOST_AUTO_TEST_SUITE_END()
