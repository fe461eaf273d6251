// Push where nobody comes, or nobody can.
#include "tests/support/temporary_folder.hpp"
#include "tests/unit/update-module/transport/release_file.hpp"
#include "update-module/bulk/payload_store.hpp"
#include "update-module/bulk/receive_pushed.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/test/unit_test.hpp>

using namespace two_path;
using boost::asio::ip::tcp;

namespace {

struct Waiting {
    bulk::ConnectionHelper helper = bulk::ConnectionHelper::start().value();
    tests::TemporaryFolder folder;
    bulk::PayloadStore store{(folder / "store").string()};
    tests::ReleaseFile file = tests::release_file(tests::noise(tests::small_block));
    std::vector<std::unique_ptr<bulk::Payload>> payloads;
    boost::asio::io_context loop;
    tcp::acceptor port{loop, {boost::asio::ip::make_address("127.0.0.1"), 0}};
    bulk::ReceiveOptions options{.deadline = Deadline::in(milliseconds(30'000)),
                                 .stall_time = milliseconds(60'000)};
    bulk::ReceiveCallbacks callbacks;

    Waiting() { payloads.push_back(store.open(file.verifier()).value()); }

    Errc receive() {
        const bulk::PushPath path{"127.0.0.1",   port_number,  {},
                                  {"127.0.0.1"}, make_nonce(), Certification::make()};
        const auto start = Deadline::Clock::now();
        const auto reception = bulk::receive_pushed(helper, path, payloads, options, callbacks);
        BOOST_TEST((Deadline::Clock::now() - start < milliseconds(6'000)));
        return reception.error ? reception.error->code : Errc::internal;
    }
    std::uint16_t port_number{port.local_endpoint().port()};
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(receive_pushed, Waiting)

BOOST_AUTO_TEST_CASE(a_plugin_that_does_not_come_is_given_up_in_time_for_what_may_take_its_place) {
    port.close();
    options.first_login = Deadline::in(milliseconds(700));
    BOOST_TEST((receive() == Errc::second_path_unreachable));
}

// What watches the module ends it six seconds after it was told to stop.
BOOST_AUTO_TEST_CASE(stops_when_told_to_though_it_cannot_listen) {
    options.first_pause = milliseconds(15'000);
    bool noted = false;
    callbacks.note = [&](std::string_view) { noted = true; };
    callbacks.interrupted = [&] { return noted; };
    BOOST_TEST((receive() == Errc::interrupted));
}

BOOST_AUTO_TEST_SUITE_END()
