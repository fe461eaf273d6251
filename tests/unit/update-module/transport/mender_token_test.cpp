#include "ftp/descriptor.hpp"
#include "tests/support/temporary_folder.hpp"
#include "update-module/control/mender_token.hpp"
#include "update-module/process.hpp"

#include <boost/test/unit_test.hpp>

#include <cstdlib>
#include <fstream>
#include <map>

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

using namespace two_path;
using control::Access;

namespace {

/// Starts a program and waits until it has printed its first line.
device::Process start_until_it_speaks(std::vector<std::string> arguments) {
    int ends[2];
    BOOST_REQUIRE_EQUAL(::pipe2(ends, O_CLOEXEC), 0);
    const ftp::Descriptor output(ends[0]);
    const ftp::Descriptor input(ends[1]);
    auto process = device::Process::start({std::move(arguments), {}, input.get()});
    BOOST_REQUIRE_MESSAGE(process, process.error().message());
    pollfd wait{output.get(), POLLIN, 0};
    BOOST_REQUIRE_EQUAL(::poll(&wait, 1, 10'000), 1);
    return std::move(*process);
}

class PrivateBus {
  public:
    PrivateBus() {
        const auto address = "unix:path=" + (folder_ / "bus").string();
        std::ofstream(folder_ / "bus.conf")
            << "<!DOCTYPE busconfig PUBLIC \"-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN\" "
               "\"http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd\">\n"
               "<busconfig><type>session</type><listen>"
            << address
            << "</listen><auth>EXTERNAL</auth><policy context=\"default\"><allow user=\"*\"/><allow "
               "own=\"*\"/>"
               "<allow send_destination=\"*\"/><allow receive_sender=\"*\"/></policy></busconfig>\n";
        ::setenv("DBUS_SYSTEM_BUS_ADDRESS", address.c_str(), 1);
        daemon_.emplace(start_until_it_speaks({"dbus-daemon", "--nofork", "--print-address",
                                               "--config-file=" + (folder_ / "bus.conf").string()}));
    }
    ~PrivateBus() { ::unsetenv("DBUS_SYSTEM_BUS_ADDRESS"); }
    PrivateBus(const PrivateBus&) = delete;
    PrivateBus& operator=(const PrivateBus&) = delete;

    void start_mender() {
        mender_.emplace(start_until_it_speaks({FAKE_MENDER_AUTH, folder_.path().string()}));
    }
    void set(const std::string& file, const std::string& content) const {
        std::ofstream(folder_ / file) << content << "\n";
    }
    /// How often each method was called.
    std::map<std::string, int> calls() const {
        std::map<std::string, int> counts;
        std::ifstream stream(folder_ / "calls");
        for (std::string line; std::getline(stream, line);)
            ++counts[line];
        return counts;
    }

  private:
    tests::TemporaryFolder folder_;
    std::optional<device::Process> daemon_;
    std::optional<device::Process> mender_;
};

struct Bus {
    PrivateBus bus;
    control::MenderToken source;
};

Deadline in(int milliseconds_) {
    return Deadline::in(milliseconds(milliseconds_));
}

void check_no_token(const Result<Access>& access, const std::string& why) {
    BOOST_REQUIRE(!access);
    BOOST_TEST((access.error().code == Errc::no_token));
    BOOST_TEST(access.error().detail.find(why) != std::string::npos, access.error().detail);
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(mender_token, Bus)

BOOST_AUTO_TEST_CASE(gives_token_and_url_as_they_are_now) {
    bus.set("token", "one");
    bus.set("url", "http://127.0.0.1:1111");
    bus.start_mender();
    const auto first = source.current(in(4'000)).value();
    BOOST_TEST(first.token == "one");
    BOOST_TEST(first.url == "http://127.0.0.1:1111");
    bus.set("token", "two");
    bus.set("url", "http://127.0.0.1:2222");
    const auto second = source.current(in(4'000)).value();
    BOOST_TEST(second.token == "two");
    BOOST_TEST(second.url == "http://127.0.0.1:2222");
    BOOST_TEST(bus.calls()["FetchJwtToken"] == 0);
}

BOOST_AUTO_TEST_CASE(an_empty_token_is_fetched_once) {
    bus.set("next-token", "fresh");
    bus.set("next-url", "http://127.0.0.1:3333");
    bus.start_mender();
    const auto access = source.current(in(4'000)).value();
    BOOST_TEST(access.token == "fresh");
    BOOST_TEST(access.url == "http://127.0.0.1:3333");
    BOOST_TEST(bus.calls()["FetchJwtToken"] == 1);
}

BOOST_AUTO_TEST_CASE(a_missed_signal_does_not_matter) {
    bus.set("next-token", "fresh");
    bus.set("no-signal", "");
    bus.start_mender();
    BOOST_TEST(source.current(in(4'000)).value().token == "fresh");
}

BOOST_AUTO_TEST_CASE(waits_for_an_unauthenticated_client_until_its_deadline) {
    bus.start_mender();
    const auto start = Deadline::Clock::now();
    check_no_token(source.current(in(1'200)), "not authenticated");
    const auto took = Deadline::Clock::now() - start;
    BOOST_TEST((took >= std::chrono::milliseconds(1'100) && took < std::chrono::milliseconds(3'000)));
    BOOST_TEST(bus.calls()["FetchJwtToken"] == 1);
}

BOOST_AUTO_TEST_CASE(a_refused_token_is_replaced) {
    bus.set("token", "old");
    bus.set("next-token", "new");
    bus.start_mender();
    const auto old = source.current(in(4'000)).value();
    BOOST_TEST(source.renewed(old, in(4'000)).value().token == "new");
    BOOST_TEST(bus.calls()["FetchJwtToken"] == 1);
    // The client has authenticated meanwhile: what it has is new already.
    BOOST_TEST(source.renewed(old, in(4'000)).value().token == "new");
    BOOST_TEST(bus.calls()["FetchJwtToken"] == 1);
}

BOOST_AUTO_TEST_CASE(the_same_token_again_counts_only_with_a_signal) {
    bus.set("token", "same");
    bus.start_mender();
    const auto access = source.current(in(4'000)).value();
    BOOST_TEST(source.renewed(access, in(4'000)).value().token == "same");
    bus.set("no-signal", "");
    check_no_token(source.renewed(access, in(1'000)), "refuses");
}

BOOST_AUTO_TEST_CASE(a_client_that_is_not_there_is_named) {
    check_no_token(source.current(in(4'000)), "no Mender client runs");
}

BOOST_AUTO_TEST_CASE(a_client_that_does_not_answer_is_left_in_time) {
    bus.set("silent", "");
    bus.start_mender();
    const auto start = Deadline::Clock::now();
    check_no_token(source.current(in(700)), "does not answer");
    BOOST_TEST((Deadline::Clock::now() - start < std::chrono::seconds(3)));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_CASE(without_a_bus_there_is_no_token) {
    ::setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nonexistent/bus", 1);
    control::MenderToken source;
    check_no_token(source.current(in(1'000)), "D-Bus");
    ::unsetenv("DBUS_SYSTEM_BUS_ADDRESS");
}
