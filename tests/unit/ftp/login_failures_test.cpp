/// Failed logins are counted for each address, forgotten with time, and never without bound.
#include "ftp/login_failures.hpp"

#include <boost/test/unit_test.hpp>

using namespace two_path::ftp;

BOOST_AUTO_TEST_SUITE(login_failures)

namespace {

constexpr milliseconds age{1000};
const LoginFailures::Time start = std::chrono::steady_clock::now();

asio::ip::address address(std::uint32_t number) {
    return asio::ip::address_v4(number);
}

} // namespace

BOOST_AUTO_TEST_CASE(one_failure_is_forgotten_with_each_age) {
    LoginFailures failures(3, age);
    const auto peer = address(1);
    for (int i = 0; i < 2; ++i)
        failures.add(peer, start);
    BOOST_TEST(!failures.barred(peer, start));
    failures.add(peer, start);
    BOOST_TEST(failures.barred(peer, start));
    BOOST_TEST(!failures.barred(address(2), start));
    BOOST_TEST(failures.barred(peer, start + age - milliseconds{1}));
    BOOST_TEST(!failures.barred(peer, start + age));
    failures.add(peer, start + age);
    BOOST_TEST(failures.barred(peer, start + age));
    BOOST_TEST(!failures.barred(peer, start + 4 * age));
}

BOOST_AUTO_TEST_CASE(going_on_bars_no_longer) {
    LoginFailures failures(3, age);
    for (int i = 0; i < 1000; ++i)
        failures.add(address(1), start);
    BOOST_TEST(!failures.barred(address(1), start + age));
}

BOOST_AUTO_TEST_CASE(no_limit_keeps_nothing) {
    LoginFailures failures(0, age);
    failures.add(address(1), start);
    BOOST_TEST(!failures.barred(address(1), start));
    BOOST_TEST(failures.peers() == 0U);
}

BOOST_AUTO_TEST_CASE(the_memory_is_bounded_and_keeps_the_worst) {
    LoginFailures failures(2, age);
    for (int i = 0; i < 2; ++i)
        failures.add(address(0), start);
    for (std::uint32_t i = 1; i <= 2 * LoginFailures::max_peers; ++i)
        failures.add(address(i), start);
    BOOST_TEST(failures.peers() == LoginFailures::max_peers);
    BOOST_TEST(failures.barred(address(0), start));
    failures.add(address(1), start + 10 * age);
    BOOST_TEST(failures.peers() == 1U); // all others have been forgiven
}

BOOST_AUTO_TEST_SUITE_END()
