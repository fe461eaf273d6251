#include "plugin/control/session_log.hpp"
#include "plugin/log.hpp"
#include "plugin/state/event_line.hpp"

#include "ftp/descriptor.hpp"
#include "protocol/json.hpp"

#include <boost/json/parse.hpp>
#include <boost/test/unit_test.hpp>

#include <cstdlib>

#include <fcntl.h>
#include <unistd.h>

namespace two_path {
namespace {

/// What is logged goes into a pipe for as long as this lives.
class Captured {
  public:
    Captured() {
        int ends[2];
        BOOST_REQUIRE(::pipe2(ends, O_CLOEXEC | O_NONBLOCK) == 0);
        reader_ = ftp::Descriptor(ends[0]);
        writer_ = ftp::Descriptor(ends[1]);
        log_to(writer_.get());
    }
    ~Captured() {
        log_as_json(false);
        log_to(STDERR_FILENO);
    }
    std::string text() {
        char buffer[4096];
        const auto count = ::read(reader_.get(), buffer, sizeof buffer);
        return {buffer, static_cast<std::size_t>(std::max<ssize_t>(count, 0))};
    }

  private:
    ftp::Descriptor reader_;
    ftp::Descriptor writer_;
};

} // namespace

BOOST_AUTO_TEST_SUITE(log_lines, *boost::unit_test::precondition([](auto) {
                          return std::getenv("JOURNAL_STREAM") == nullptr; // there each line has a prefix
                      }))

BOOST_AUTO_TEST_CASE(a_line_of_a_session_begins_with_its_id) {
    Captured captured;
    log(Level::warning, "a\nb");
    BOOST_TEST(captured.text() == "warning: a b\n");
    log_of(Level::info, "S1", "the device went");
    BOOST_TEST(captured.text() == "info: session S1: the device went\n");
}

BOOST_AUTO_TEST_CASE(as_json_each_line_is_an_object) {
    Captured captured;
    log_as_json(true);
    log_of(Level::error, "S1", "a \"b\"\nc");
    const auto line = captured.text();
    BOOST_TEST(line.back() == '\n');
    const auto object = json::parse(line).as_object();
    BOOST_TEST(object.at("level") == "error");
    BOOST_TEST(object.at("session") == "S1");
    BOOST_TEST(object.at("message") == "a \"b\" c");
    BOOST_TEST(object.at("time").as_string().size() == std::string_view("2027-01-15T08:00:00.000Z").size());
    log(Level::notice, "x");
    BOOST_TEST(!json::parse(captured.text()).as_object().contains("session"));
}

BOOST_AUTO_TEST_CASE(a_request_is_about_the_session_in_its_path) {
    using control::session_in;
    const std::string id = "QEFCQ0RFRkdISUpLTE1OTw";
    const std::string device = "/api/devices/v1/two-path";
    const std::string operators = "/api/management/v1/two-path";
    for (const auto& path :
         {device + "/sessions/" + id, device + "/sessions/" + id + "/files/x",
          operators + "/sessions/" + id + "/events", operators + "/notices/" + id + "/retry"})
        BOOST_TEST(session_in(path) == id, path);
    for (const auto& path : {device + "/sessions", device + "/sessions/", device + "/sessions/" + id + "A",
                             device + "/sessions/a%0Ab", operators + "/releases/" + id, "/sessions/" + id,
                             "/api/devices/v1/other/sessions/" + id, std::string("-")})
        BOOST_TEST(session_in(path) == "", path);
    control::Response opened;
    BOOST_TEST(control::session_of(device + "/sessions", opened) == "");
    opened.headers["Location"] = device + "/sessions/" + id;
    BOOST_TEST(control::session_of(device + "/sessions", opened) == id);
}

BOOST_AUTO_TEST_CASE(what_befalls_a_session_is_a_line) {
    using state::event_line;
    state::Session session;
    session.device = "device-1";
    session.request.release = "app-2.0";
    BOOST_TEST(event_line(session, "opened", "device", "", true) ==
               "opened (device): device device-1, release app-2.0");
    BOOST_TEST(event_line(session, "push", "plugin", "nobody there", false) == "push (plugin): nobody there");
    session.state = SessionState::failed;
    session.reason = Errc::tampered;
    BOOST_TEST(event_line(session, "failed", "device", "Download: block 3", true) ==
               "failed, tampered (device): Download: block 3");
    BOOST_TEST(event_line(session, "rolled_back", "device", "", false) == "rolled_back (device)");
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace two_path
