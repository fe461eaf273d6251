/// What is remembered of tokens, and for how long; how waits grow.
#include "plugin/host/mender/backoff.hpp"
#include "plugin/host/mender/token_cache.hpp"

#include <boost/test/unit_test.hpp>

namespace two_path::tests {
BOOST_AUTO_TEST_SUITE(mender_token_cache)

namespace {

using host::mender::Backoff;
using host::mender::TokenCache;

const Result<std::string> alice = std::string("alice");

} // namespace

BOOST_AUTO_TEST_CASE(an_answer_is_known_for_seconds_and_then_forgotten) {
    TokenCache cache;
    BOOST_TEST(!cache.find("t", 0).has_value());
    cache.keep("t", alice, 100);
    BOOST_TEST(cache.find("t", 100 + TokenCache::lifetime - 1).value().value() == "alice");
    BOOST_TEST(!cache.find("t", 100 + TokenCache::lifetime).has_value());
    BOOST_TEST(!cache.find("T", 100).has_value());
    static_assert(TokenCache::lifetime <= 10'000, "a revoked token passes for so long");
}

BOOST_AUTO_TEST_CASE(a_refusal_is_known_too_and_the_last_answer_counts) {
    TokenCache cache;
    cache.keep("t", alice, 0);
    cache.keep("t", fail(Errc::unauthorized, "revoked"), 1);
    BOOST_CHECK(cache.find("t", 2).value().error().code == Errc::unauthorized);
    BOOST_TEST(!cache.find("t", 1 + TokenCache::lifetime).has_value());
}

BOOST_AUTO_TEST_CASE(what_is_only_remembered_stays_for_as_long_as_asked) {
    TokenCache cache(60'000);
    cache.keep("t", alice, 0);
    BOOST_TEST(cache.find("t", 59'999).has_value());
    BOOST_TEST(!cache.find("t", 60'000).has_value());
}

BOOST_AUTO_TEST_CASE(the_oldest_makes_room) {
    TokenCache cache;
    for (std::size_t i = 0; i <= TokenCache::max_tokens; ++i)
        cache.keep(std::to_string(i), alice, 0);
    BOOST_TEST(!cache.find("0", 0).has_value());
    BOOST_TEST(cache.find("1", 0).has_value());
    BOOST_TEST(cache.find(std::to_string(TokenCache::max_tokens), 0).has_value());
}

BOOST_AUTO_TEST_CASE(waits_double_to_a_bound_and_are_spread) {
    Backoff least;
    Backoff most;
    std::int64_t step = 100;
    for (int i = 0; i < 10; ++i) {
        BOOST_TEST(least.next(0).count() == step / 2);
        BOOST_TEST(most.next(static_cast<std::uint64_t>(step) / 2).count() == step);
        step = std::min<std::int64_t>(2 * step, 2'000);
    }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace two_path::tests
