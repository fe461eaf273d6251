/// Whom a request is counted for behind proxies, and what a client cannot make us believe.
#include "plugin/control/client_address.hpp"

#include <boost/test/unit_test.hpp>

namespace two_path::control {
BOOST_AUTO_TEST_SUITE(client_address)

namespace {

using boost::asio::ip::make_address;

std::string client(std::string_view connection, std::string_view forwarded_for) {
    const std::vector trusted{*Network::parse("10.0.0.0/24"), *Network::parse("127.0.0.1"),
                              *Network::parse("2001:db8::/64")};
    return client_behind(trusted, make_address(std::string(connection)), forwarded_for).to_string();
}

BOOST_AUTO_TEST_CASE(a_trusted_proxy_says_who_asks) {
    BOOST_TEST(client("127.0.0.1", "192.0.2.7") == "192.0.2.7");
    BOOST_TEST(client("2001:db8::1", "2001:db8:1::7") == "2001:db8:1::7");
    BOOST_TEST(client("127.0.0.1", "192.0.2.7, ::ffff:10.0.0.2") == "192.0.2.7");
    BOOST_TEST(client("127.0.0.1", "192.0.2.7, 10.0.0.2,10.0.0.3") == "192.0.2.7");
    BOOST_TEST(client("127.0.0.1", " 192.0.2.7 \t,\t10.0.0.2 ") == "192.0.2.7");
}

BOOST_AUTO_TEST_CASE(what_the_client_wrote_itself_is_not_believed) {
    BOOST_TEST(client("127.0.0.1", "198.51.100.1, 192.0.2.7") == "192.0.2.7");
    BOOST_TEST(client("127.0.0.1", "10.0.0.1, 192.0.2.7, 10.0.0.2") == "192.0.2.7");
}

BOOST_AUTO_TEST_CASE(nobody_else_says_anything) {
    BOOST_TEST(client("192.0.2.9", "198.51.100.1") == "192.0.2.9");
    BOOST_TEST(client("192.0.2.9", "127.0.0.1") == "192.0.2.9");
}

BOOST_AUTO_TEST_CASE(without_an_address_it_is_the_proxys_own) {
    for (const auto* text : {"", "unknown", "192.0.2.7, ", "192.0.2.7,unknown", ", ,", "192.0.2.7:80"})
        BOOST_TEST(client("127.0.0.1", text) == "127.0.0.1", text);
    BOOST_TEST(client("127.0.0.1", "10.0.0.2") == "10.0.0.2");
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace two_path::control
