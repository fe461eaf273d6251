/// Requests to a server that fails: asked again inside the time there is, never longer, never more at once
/// than may.
#include "plugin/host/mender/server.hpp"
#include "tests/unit/plugin/control/https_world.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/test/unit_test.hpp>

#include <future>
#include <vector>

namespace two_path::tests {
BOOST_AUTO_TEST_SUITE(mender_server)

namespace {

namespace asio = boost::asio;
using control::ClientRequest;
using control::ClientResponse;
using host::mender::Patience;
using host::mender::retry_after;
using host::mender::Server;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

/// The worker and the network of a plugin that asks, and the world that answers.
struct Asking {
    explicit Asking(control::HttpsClientOptions options)
      : server({network.executor(), worker.executor(), worker.executor()}, std::move(options)) {}

    std::future<Result<ClientResponse>> begin(const std::string& target, Patience patience) {
        ClientRequest request;
        request.target = target;
        return asio::co_spawn(worker.executor(), server.ask(std::move(request), patience), asio::use_future);
    }
    Result<ClientResponse> ask(const std::string& target, Patience patience) {
        return begin(target, patience).get();
    }

    WorkThread worker;
    WorkThread network; ///< ends first: what it carries out still holds the worker's executor
    Server server;
};

constexpr Patience brief{milliseconds{400}, true};
constexpr Patience once{milliseconds{20'000}, false};

std::int64_t waited_for(const char* told) {
    ClientResponse response;
    response.headers["Retry-After"] = told;
    return retry_after(response).count();
}

} // namespace

BOOST_AUTO_TEST_CASE(answers_pass_whatever_they_say) {
    HttpsWorld world;
    Asking asking(world.client_options());
    BOOST_TEST(asking.ask("/hello", once).value().body == "hello");
    BOOST_TEST(asking.ask("/nothing", once).value().status == 404U);
}

BOOST_AUTO_TEST_CASE(a_5xx_is_unavailable_and_told_once) {
    CaughtLog caught;
    HttpsWorld world;
    Asking asking(world.client_options());
    BOOST_CHECK(asking.ask("/throw", once).error().code == Errc::unavailable);
    BOOST_CHECK(asking.ask("/throw", brief).error().code == Errc::unavailable);
    BOOST_TEST(asking.ask("/hello", once).has_value());
    BOOST_TEST(!caught.line_with("serves again").empty());
    const auto& all = caught.all();
    const std::string_view trouble = "does not serve: ";
    BOOST_TEST(all.find(trouble) != std::string::npos);
    BOOST_TEST(all.find(trouble) == all.rfind(trouble));
}

BOOST_AUTO_TEST_CASE(a_server_that_does_not_answer_costs_no_more_than_the_time_there_is) {
    HttpsWorld world;
    Asking asking(world.client_options());
    const auto begun = steady_clock::now();
    BOOST_CHECK(asking.ask("/gate", brief).error().code == Errc::unavailable);
    BOOST_TEST((steady_clock::now() - begun < milliseconds{5'000}));
    world.gate.open();
}

BOOST_AUTO_TEST_CASE(nobody_waits_for_a_connection_for_longer_than_the_time_there_is) {
    const SilentPort silent;
    control::HttpsClientOptions options;
    options.origin = {"127.0.0.1", silent.number()};
    Asking asking(std::move(options));
    std::vector<std::future<Result<ClientResponse>>> held;
    for (std::size_t i = 0; i < Server::max_connections; ++i)
        held.push_back(asking.begin("/hello", Patience{milliseconds{2'000}, false}));
    const auto turned_away = asking.ask("/hello", brief);
    BOOST_TEST(turned_away.error().detail.find("all connections were taken") != std::string::npos);
    const auto had_its_turn = asking.ask("/hello", Patience{milliseconds{4'000}, false});
    BOOST_TEST(had_its_turn.error().detail.find("all connections were taken") == std::string::npos);
    for (auto& one : held)
        BOOST_CHECK(one.get().error().code == Errc::unavailable);
}

BOOST_AUTO_TEST_CASE(whoever_is_told_to_pause_all_pause_and_the_log_says_so_once) {
    CaughtLog caught;
    HttpsWorld world;
    Asking asking(world.client_options());
    BOOST_TEST(asking.ask("/limit", once).error().detail.find("status 429, not to be asked for 1 s") !=
               std::string::npos);
    for (int i = 0; i < 3; ++i)
        BOOST_CHECK(asking.ask("/hello", once).error().code == Errc::unavailable);
    BOOST_CHECK(asking.ask("/limit", brief).error().code == Errc::unavailable);
    BOOST_TEST(world.limited == 1);
    const auto end = steady_clock::now() + patience;
    while (!asking.ask("/hello", once))
        BOOST_REQUIRE(steady_clock::now() < end);
    BOOST_TEST(!caught.line_with("serves again").empty());
    const auto& all = caught.all();
    BOOST_TEST(all.find("does not serve: ") == all.rfind("does not serve: "));
}

BOOST_AUTO_TEST_CASE(a_pause_is_as_long_as_it_is_asked_for_within_reason) {
    BOOST_TEST(waited_for("7") == 7);
    BOOST_TEST(waited_for("0") == 0);
    BOOST_TEST(waited_for("86400") == 300);
    BOOST_TEST(waited_for("99999999999999") == 5);
    BOOST_TEST(waited_for("Wed, 21 Oct 2026 07:28:00 GMT") == 5);
    BOOST_TEST(retry_after(ClientResponse()).count() == 5);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace two_path::tests
