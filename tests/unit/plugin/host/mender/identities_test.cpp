/// What tokens that nobody knows may cost the server that is asked about them.
#include "plugin/host/mender/identities.hpp"
#include "tests/unit/plugin/control/https_world.hpp"
#include "tests/unit/plugin/host/mender/signed_token.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/test/unit_test.hpp>

#include <atomic>

namespace two_path::tests {
BOOST_AUTO_TEST_SUITE(mender_identities)

namespace {

namespace asio = boost::asio;
using host::mender::Identities;

/// The world verifies tokens as Mender's internal service does; time stands still.
struct Verifying {
    Verifying() {
        host::MenderSettings settings;
        settings.ca_file = world.certificate.certificate;
        settings.verification = host::Verification::deviceauth;
        settings.verify_url = {world.client_options().origin, false, "/verify"};
        settings.clock.steady = [this] { return now.load(); };
        identities = Identities::create(executors, settings, gateway).value();
    }

    /// `signature`: `good`, or what the world does not accept.
    Result<std::string> show(const std::string& signature, const char* from) {
        const auto part = [](std::string_view text) { return to_base64url(bytes_of(text)); };
        auto token = part(R"({"alg":"RS256"})") + "." + part(R"({"sub":"7c1b","mender.device":true})") + "." +
                     signature;
        auto asked = identities->device_of(std::move(token), asio::ip::make_address(from));
        return asio::co_spawn(worker.executor(), std::move(asked), asio::use_future).get();
    }
    Errc show_junk(std::int64_t number, const char* from) {
        const auto digits = std::to_string(100'000 + number);
        return show(to_base64url(bytes_of(digits)), from).error().code;
    }

    HttpsWorld world;
    WorkThread worker;
    WorkThread network; ///< ends first: what it carries out still holds the worker's executor
    Executors executors{network.executor(), worker.executor(), worker.executor()};
    host::mender::Server gateway{executors, world.client_options()};
    std::atomic<std::int64_t> now{1'000'000};
    std::unique_ptr<Identities> identities;
};

constexpr const char* here = "192.0.2.7";
constexpr const char* elsewhere = "198.51.100.9";

} // namespace

BOOST_AUTO_TEST_CASE(junk_of_one_address_is_asked_about_so_often_and_no_more) {
    Verifying verifying;
    constexpr auto most = Identities::strangers_rate.at_once;
    for (std::int64_t i = 0; i < most; ++i)
        BOOST_CHECK(verifying.show_junk(i, here) == Errc::unauthorized);
    BOOST_CHECK(verifying.show_junk(most, here) == Errc::unavailable);
    BOOST_CHECK(verifying.show("good", here).error().code == Errc::unavailable);
    BOOST_CHECK(verifying.show_junk(0, here) == Errc::unauthorized); // the answer is known
    BOOST_TEST(verifying.show("good", elsewhere).value() == "7c1b");
    verifying.now += Identities::strangers_rate.interval;
    BOOST_CHECK(verifying.show_junk(most, here) == Errc::unauthorized);
    BOOST_CHECK(verifying.show_junk(most + 1, here) == Errc::unavailable);
}

BOOST_AUTO_TEST_CASE(a_token_that_held_is_asked_about_whatever_else_comes_from_there) {
    Verifying verifying;
    BOOST_TEST(verifying.show("good", here).has_value());
    verifying.now += host::mender::TokenCache::lifetime;
    for (std::int64_t i = 0; i <= Identities::strangers_rate.at_once; ++i)
        (void)verifying.show_junk(i, here);
    BOOST_TEST(verifying.show("good", here).value() == "7c1b");
    BOOST_CHECK(verifying.show_junk(-1, here) == Errc::unavailable); // and it forgives no stranger
}

BOOST_AUTO_TEST_CASE(a_whole_fleet_behind_one_address_gets_in) {
    Verifying verifying;
    for (std::int64_t i = 0; i <= 2 * Identities::strangers_rate.at_once; ++i)
        BOOST_TEST(
            verifying.show(to_base64url(bytes_of(std::to_string(100'000 + i))) + "good", here).has_value());
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace two_path::tests
