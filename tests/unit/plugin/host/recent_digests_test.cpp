#include "plugin/host/embedded/recent_digests.hpp"

#include <boost/test/unit_test.hpp>

#include <string>

namespace two_path::host::embedded {
BOOST_AUTO_TEST_SUITE(recent_digests)

namespace {

DigestValue number(int value) {
    return digest_of(DigestKind::sha256, bytes_of(std::to_string(value)));
}

} // namespace

BOOST_AUTO_TEST_CASE(the_newest_are_known_and_the_oldest_forgotten) {
    RecentDigests recent(3);
    for (int value = 0; value < 10; ++value) {
        BOOST_TEST(!recent.contains(number(value)));
        recent.add(number(value));
        BOOST_TEST(recent.contains(number(value)));
    }
    for (int value = 7; value < 10; ++value)
        BOOST_TEST(recent.contains(number(value)));
    for (int value = 0; value < 4; ++value)
        BOOST_TEST(!recent.contains(number(value)));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace two_path::host::embedded
