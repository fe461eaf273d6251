// The port that the plugin is told of before anybody listens on it (push).
#include "update-module/bulk/port_reservation.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/test/unit_test.hpp>

using namespace two_path;
using boost::asio::ip::tcp;
using bulk::PortReservation;

BOOST_AUTO_TEST_SUITE(port_reservation)

BOOST_AUTO_TEST_CASE(a_reserved_port_refuses_connections_until_someone_listens) {
    const auto reserved = PortReservation::take("127.0.0.1", {}).value();
    const tcp::endpoint endpoint(boost::asio::ip::make_address("127.0.0.1"), reserved.port());
    boost::asio::io_context loop;
    tcp::socket client(loop);
    boost::system::error_code ec;
    client.connect(endpoint, ec);
    BOOST_TEST(ec.value() == ECONNREFUSED);

    tcp::acceptor server(loop, endpoint); // which reuses the address
    tcp::socket second(loop);
    second.connect(endpoint, ec);
    BOOST_TEST(!ec);
}

BOOST_AUTO_TEST_CASE(the_next_free_port_of_the_range_is_taken) {
    const auto first = PortReservation::take("127.0.0.1", {}).value();
    boost::asio::io_context loop;
    const auto loopback = boost::asio::ip::make_address("127.0.0.1");
    const tcp::acceptor listening(loop, tcp::endpoint(loopback, first.port()));
    const auto last = static_cast<std::uint16_t>(first.port() + 20);
    const auto second = PortReservation::take("127.0.0.1", {first.port(), last}).value();
    BOOST_TEST(second.port() > first.port());
    BOOST_TEST(second.port() <= last);
}

BOOST_AUTO_TEST_CASE(what_is_not_this_machines_is_refused_with_the_settings_to_look_at) {
    for (const char* address : {"192.0.2.1", "eth0", ""}) {
        const auto taken = PortReservation::take(address, {});
        BOOST_REQUIRE(!taken);
        BOOST_TEST((taken.error().code == Errc::bad_configuration));
        BOOST_TEST(taken.error().detail.find("push") != std::string::npos);
    }
}

BOOST_AUTO_TEST_SUITE_END()
