// Names to addresses.
#include "update-module/resolve.hpp"

#include <boost/test/unit_test.hpp>

#include <net/if.h>

using namespace two_path;
using device::resolve;
using device::with_numeric_scope;

namespace {

Deadline soon() {
    return Deadline::in(milliseconds(20'000));
}

std::string loopback_index() {
    return std::to_string(::if_nametoindex("lo"));
}

} // namespace

BOOST_AUTO_TEST_SUITE(resolving)

BOOST_AUTO_TEST_CASE(an_address_is_its_own) {
    for (const std::string address : {"192.0.2.1", "2001:db8::1", "fe80::1"})
        BOOST_TEST(resolve(address, soon()).value() == std::vector{address},
                   boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(an_interface_is_a_number) {
    const auto wanted = "fe80::1%" + loopback_index();
    BOOST_TEST(with_numeric_scope("fe80::1%lo") == wanted);
    BOOST_TEST(with_numeric_scope(wanted) == wanted);
    BOOST_TEST(with_numeric_scope("192.0.2.1") == "192.0.2.1");
    const auto addresses = resolve("fe80::1%lo", soon());
    BOOST_TEST(addresses.value() == std::vector{wanted}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(ends_when_it_is_told_to_stop) {
    const auto addresses = resolve("localhost", soon(), [] { return true; });
    BOOST_REQUIRE(!addresses);
    BOOST_TEST((addresses.error().code == Errc::interrupted), addresses.error().message());
}

BOOST_AUTO_TEST_SUITE_END()
