// Waits grow, end somewhere, and differ from device to device.
#include "update-module/back_off.hpp"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <ostream>

using two_path::device::back_off;

namespace {

struct Wait {
    unsigned failed;
    double chance;
    long milliseconds;
};

std::ostream& operator<<(std::ostream& out, const Wait& wait) {
    return out << wait.failed << " failed, chance " << wait.chance;
}

const Wait waits[] = {
    {1, 0, 2'000},
    {2, 0, 4'000},
    {3, 0, 8'000},
    {8, 0, 256'000},
    {9, 0, 300'000},
    {10, 0, 300'000},
    {4'000'000'000, 0, 300'000},
    {1, 1, 1'500},
    {1, 0.5, 1'750},
    {9, 1, 225'000},
    {1, -1, 2'000},
    {1, 7, 1'500},
};

} // namespace

BOOST_DATA_TEST_CASE(waits_double_up_to_five_minutes_and_differ, boost::unit_test::data::make(waits), wait) {
    BOOST_TEST(back_off(wait.failed, wait.chance).count() == wait.milliseconds);
}
