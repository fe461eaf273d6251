// Where the plugin lets itself be sent to (push).
#include "plugin/control/receiver.hpp"

#include <boost/test/unit_test.hpp>

#include <cstdint>
#include <initializer_list>

namespace two_path::control {
BOOST_AUTO_TEST_SUITE(receiver)

namespace {

boost::asio::ip::address address(const char* text) {
    return boost::asio::ip::make_address(text);
}

PushRules rules() {
    PushRules rules;
    rules.served = true;
    rules.networks = {Network::parse("198.51.100.0/24").value(), Network::parse("2001:db8:1::/48").value()};
    rules.ports = {40000, 40009};
    return rules;
}

const ClientAddresses reached{address("192.0.2.9"), address("192.0.2.1")};

} // namespace

BOOST_AUTO_TEST_CASE(the_device_itself_and_the_operators_networks_are_gone_to_and_nobody_else) {
    struct Row {
        const char* host;
        std::optional<Errc> refused;
    };
    for (const auto& row :
         {Row{"192.0.2.9", std::nullopt}, Row{"198.51.100.77", std::nullopt},
          Row{"2001:db8:1:2::3", std::nullopt}, Row{"::ffff:192.0.2.9", std::nullopt},
          Row{"192.0.2.10", Errc::forbidden}, Row{"198.51.101.1", Errc::forbidden},
          Row{"2001:db8:2::1", Errc::forbidden}, Row{"198.51.100.5", Errc::forbidden}, // our own
          Row{"127.0.0.1", Errc::forbidden}, Row{"::1", Errc::forbidden},
          Row{"::ffff:127.0.0.1", Errc::forbidden}, Row{"0.0.0.0", Errc::forbidden},
          Row{"169.254.169.254", Errc::forbidden}, Row{"fe80::1", Errc::forbidden},
          Row{"224.0.0.1", Errc::forbidden}, Row{"255.255.255.255", Errc::forbidden},
          Row{"2001:db8:1:2::3%zone", Errc::bad_request}, Row{"device.example", Errc::bad_request},
          Row{"", Errc::bad_request}}) {
        const auto may = may_push_to(messages::Receiver{row.host, 40000}, rules(), reached,
                                     {address("198.51.100.5"), address("192.0.2.1")});
        BOOST_TEST(may.has_value() == !row.refused.has_value(), row.host);
        if (!may && row.refused) BOOST_TEST((may.error().code == *row.refused), row.host);
    }
}

BOOST_AUTO_TEST_CASE(loopback_stays_forbidden_where_the_operator_lists_it) {
    auto all = rules();
    all.networks = {Network::parse("0.0.0.0/0").value()};
    BOOST_TEST(!may_push_to(messages::Receiver{"127.0.0.1", 40000}, all, reached, {}));
    BOOST_TEST(may_push_to(messages::Receiver{"203.0.113.1", 40000}, all, reached, {}).has_value());
}

BOOST_AUTO_TEST_CASE(only_the_operators_ports_are_gone_to) {
    for (const auto port : std::initializer_list<std::uint16_t>{22, 2121, 39999, 40010})
        BOOST_TEST(!may_push_to(messages::Receiver{"192.0.2.9", port}, rules(), reached, {}), port);
    for (const auto port : std::initializer_list<std::uint16_t>{40000, 40009})
        BOOST_TEST(may_push_to(messages::Receiver{"192.0.2.9", port}, rules(), reached, {}).has_value(),
                   port);
}

BOOST_AUTO_TEST_CASE(nothing_is_pushed_unless_the_operator_switched_it_on) {
    const auto may = may_push_to(messages::Receiver{"192.0.2.9", 40000}, PushRules(), reached, {});
    BOOST_REQUIRE(!may);
    BOOST_TEST((may.error().code == Errc::unsupported));
    BOOST_TEST((may_push_to(std::nullopt, rules(), reached, {}).error().code == Errc::bad_request));
}

BOOST_AUTO_TEST_CASE(devices_are_told_whom_to_admit) {
    auto given = rules();
    BOOST_TEST(push_from(given, reached) == std::vector<std::string>{"192.0.2.1"},
               boost::test_tools::per_element());
    given.from = {"203.0.113.5", "203.0.113.6"};
    BOOST_TEST(push_from(given, reached) == given.from, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(networks_are_written_exactly) {
    for (const char* text :
         {"192.0.2.0/24", "192.0.2.7", "192.0.2.7/32", "0.0.0.0/0", "2001:db8::/32", "::1"})
        BOOST_TEST(Network::parse(text).has_value(), text);
    for (const char* text : {"", "/", "192.0.2.0/", "192.0.2.0/33", "192.0.2.1/24", "192.0.2.0/-1",
                             "192.0.2/24", "2001:db8::/129", "example/8", "192.0.2.0/24 "})
        BOOST_TEST(!Network::parse(text).has_value(), text);
    const auto network = Network::parse("192.0.2.0/24").value();
    BOOST_TEST(network.contains(address("192.0.2.255")));
    BOOST_TEST(!network.contains(address("192.0.3.0")));
    BOOST_TEST(!network.contains(address("::ffff:192.0.2.1")));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace two_path::control
