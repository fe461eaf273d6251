// When a failed import is tried again.
#include "plugin/importing/attempts.hpp"

#include <boost/test/unit_test.hpp>

#include <array>
#include <limits>

namespace two_path::importing {
BOOST_AUTO_TEST_SUITE(import_attempts)

namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;

struct Wait {
    std::uint64_t tries;
    minutes wait;
};
constexpr std::array waits{
    Wait{0, minutes{10}},
    Wait{1, minutes{10}},
    Wait{2, minutes{20}},
    Wait{3, minutes{40}},
    Wait{4, minutes{80}},
    Wait{5, minutes{160}},
    Wait{6, minutes{320}},
    Wait{7, minutes{640}},
    Wait{8, minutes{640}},
    Wait{100, minutes{640}},
    Wait{std::numeric_limits<std::uint64_t>::max(), minutes{640}},
};

struct Failure {
    Errc why;
    bool passes;
};
constexpr std::array failures{
    Failure{Errc::unavailable, true},      Failure{Errc::plugin_unreachable, true},
    Failure{Errc::not_found, false},       Failure{Errc::conflict, false},
    Failure{Errc::unsupported, false},     Failure{Errc::bad_signature, false},
    Failure{Errc::too_large, false},       Failure{Errc::no_room, false},
    Failure{Errc::interrupted, false},     Failure{Errc::bad_configuration, false},
    Failure{Errc::payload_missing, false}, Failure{Errc::internal, false},
};

} // namespace

BOOST_AUTO_TEST_CASE(the_waits_double_from_ten_minutes_to_640) {
    for (const auto& [tries, wait] : waits)
        BOOST_TEST(wait_after(tries).count() == wait.count(), "after " << tries);
}

BOOST_AUTO_TEST_CASE(what_may_pass_is_due_when_its_wait_is_over_and_not_before) {
    for (const auto& [tries, wait] : waits) {
        BOOST_TEST(!is_due(Errc::unavailable, tries, wait - milliseconds{1}), "after " << tries);
        BOOST_TEST(is_due(Errc::unavailable, tries, wait), "after " << tries);
    }
}

BOOST_AUTO_TEST_CASE(what_does_not_pass_is_never_due) {
    for (const auto& [why, passes] : failures) {
        BOOST_TEST(may_pass(why) == passes, info(why).reason);
        BOOST_TEST(is_due(why, 1, minutes{100'000}) == passes, info(why).reason);
    }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace two_path::importing
