// How the second path's rate is shared.
#include "plugin/bulk/pacing.hpp"

#include <boost/test/unit_test.hpp>

#include <map>

namespace two_path::bulk {
BOOST_AUTO_TEST_SUITE(pacing)

namespace {

/// Connections that keep the rate they were last held to.
struct Connections {
    Pacing pacing;
    std::map<int, std::uint64_t> rates;
    std::map<int, int> keys; ///< stable addresses to be known by

    void join(int number) {
        pacing.join(&keys[number], [this, number](std::uint64_t rate) { rates[number] = rate; });
    }
    void leave(int number) {
        pacing.leave(&keys.at(number));
        rates.erase(number);
    }
};

} // namespace

BOOST_AUTO_TEST_CASE(without_a_limit_nothing_is_slowed_down) {
    Connections all;
    all.join(1);
    BOOST_TEST(all.rates.at(1) == 0U);
}

BOOST_AUTO_TEST_CASE(the_whole_is_shared_evenly_by_those_that_run) {
    Connections all;
    all.pacing.change({1'000'000, 0});
    all.join(1);
    BOOST_TEST(all.rates.at(1) == 1'000'000U);
    all.join(2);
    BOOST_TEST(all.rates.at(1) == 500'000U);
    BOOST_TEST(all.rates.at(2) == 500'000U);
    all.leave(2);
    BOOST_TEST(all.rates.at(1) == 1'000'000U);
}

BOOST_AUTO_TEST_CASE(no_session_gets_more_than_its_own) {
    Connections all;
    all.pacing.change({1'000'000, 300'000});
    all.join(1);
    all.join(2);
    BOOST_TEST(all.rates.at(1) == 300'000U);
    for (int number = 3; number <= 10; ++number)
        all.join(number);
    BOOST_TEST(all.rates.at(1) == 100'000U);
}

BOOST_AUTO_TEST_CASE(a_change_holds_for_what_runs) {
    Connections all;
    all.join(1);
    all.pacing.change({0, 200'000});
    BOOST_TEST(all.rates.at(1) == 200'000U);
    all.pacing.change({});
    BOOST_TEST(all.rates.at(1) == 0U);
}

BOOST_AUTO_TEST_CASE(of_many_not_every_one_that_comes_disturbs_all) {
    Connections all;
    all.pacing.change({1'000'000, 0});
    for (int number = 0; number < 100; ++number)
        all.join(number);
    const auto before = all.rates.at(0);
    all.join(100);
    BOOST_TEST(all.rates.at(0) == before);
    BOOST_TEST(all.rates.at(100) == 1'000'000U / 101);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace two_path::bulk
