#include "plugin/control/webhook.hpp"

#include "api_world.hpp"
#include "plugin/control/result_notice.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <fstream>

namespace two_path::control {
BOOST_AUTO_TEST_SUITE(webhook)

namespace {

using tests::ApiWorld;
using tests::PluginWorld;
using tests::TemporaryFolder;

Result<WebhookOptions> options_of(const TemporaryFolder& folder, const std::string& url,
                                  const std::string& secret,
                                  std::filesystem::perms more = std::filesystem::perms::none) {
    Settings settings;
    settings.webhook.url = url;
    settings.webhook.secret_file = folder / "secret";
    std::ofstream(settings.webhook.secret_file) << secret;
    using std::filesystem::perms;
    std::filesystem::permissions(settings.webhook.secret_file, perms::owner_read | perms::owner_write | more);
    return webhook_options(settings);
}

} // namespace

BOOST_AUTO_TEST_CASE(C7_a_notice_is_signed_as_mender_signs) {
    // RFC 4231, test cases 2 and 6.
    BOOST_TEST(notice_signature("what do ya want for nothing?", bytes_of("Jefe")) ==
               "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    const Bytes long_key(131, 0xaa);
    BOOST_TEST(notice_signature("Test Using Larger Than Block-Size Key - Hash Key First", long_key) ==
               "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

BOOST_AUTO_TEST_CASE(a_notice_is_named_by_its_session_alone) {
    // 16 bytes of 0xff, with the version and the variant of RFC 9562.
    BOOST_TEST(notice_id("_____________________w") == "ffffffff-ffff-8fff-bfff-ffffffffffff");
    BOOST_TEST(notice_id("AAAAAAAAAAAAAAAAAAAAAA") == "00000000-0000-8000-8000-000000000000");
    const auto session = make_nonce();
    BOOST_TEST(notice_id(session) == notice_id(session));
    BOOST_TEST(notice_id(session) != notice_id(make_nonce()));
    BOOST_TEST(notice_id("no nonce").size() == 36U);
}

BOOST_AUTO_TEST_CASE(C7_a_notice_has_menders_form_and_what_the_operator_sees) {
    ApiWorld world;
    const auto descriptor = world.describe("app-2.0", "2.0", "some bytes");
    world.publish(descriptor);
    world.deploy("device-1", descriptor, "deployment-1");
    world.store().tell_results([](const state::Session& session) { return result_notice(session, 7); }, {});
    const auto id = world.open("device-1", PluginWorld::request(descriptor)).value().session;
    world.sessions().failed("device-1", id, {"Download", {Errc::no_room, "2 MiB"}}).value();

    const auto notice = json::parse(world.store().next_notice()->body);
    BOOST_TEST(notice.as_object().size() == 4U);
    BOOST_TEST(notice.at("id") == json::value(notice_id(id)));
    BOOST_TEST(notice.at("type") == "two-path-session-ended");
    BOOST_TEST(notice.at("time") == "2027-01-15T08:00:00.000Z");
    auto shown = world.operate("GET", "/sessions/" + id).body;
    shown.as_object()["sent"] = 7;
    BOOST_TEST(notice.at("data") == shown);
}

BOOST_AUTO_TEST_CASE(it_tries_again_after_a_second_and_at_last_every_hour) {
    using std::chrono::milliseconds;
    BOOST_TEST(retry_delay(1, 0).count() == 500);
    BOOST_TEST(retry_delay(1, 1).count() == 1000);
    BOOST_TEST(retry_delay(2, 1).count() == 2000);
    BOOST_TEST(retry_delay(11, 0).count() == 512'000);
    BOOST_TEST(retry_delay(13, 1).count() == 3'600'000);
    BOOST_TEST(retry_delay(~0ULL, 0).count() == 1'800'000);
}

BOOST_AUTO_TEST_CASE(a_clock_that_is_set_right_after_the_start_makes_no_dead_letter) {
    ApiWorld world;
    const auto descriptor = world.describe("app-2.0", "2.0", "some bytes");
    world.publish(descriptor);
    world.deploy("device-1", descriptor, "deployment-1");
    world.store().tell_results([](const state::Session&) { return "{}"; }, {});
    const auto id = world.open("device-1", PluginWorld::request(descriptor)).value().session;
    world.sessions().abort(id, "someone").value();

    boost::asio::io_context loop;
    WebhookOptions options;
    options.client.origin.host = "127.0.0.1";
    {
        const boost::asio::ip::tcp::acceptor nobody(
            loop, boost::asio::ip::tcp::endpoint(boost::asio::ip::address_v4::loopback(), 0));
        options.client.origin.port = nobody.local_endpoint().port();
    }
    Webhook webhook({loop.get_executor(), loop.get_executor(), loop.get_executor()}, world.store(), options);
    boost::asio::co_spawn(loop, webhook.run(), boost::asio::detached);
    const auto attempt = [&](std::uint64_t number) {
        while (world.store().notices(1).at(0).attempts < number)
            BOOST_REQUIRE(loop.run_one_for(std::chrono::seconds(20)) > 0);
        return world.store().notices(1).at(0).dead;
    };
    world.time.unix_time += std::chrono::milliseconds(std::chrono::years(10)).count();
    BOOST_TEST(!attempt(1));
    world.time.pass(std::chrono::hours(1));
    webhook.wake();
    BOOST_TEST(attempt(2));
    webhook.stop();
    loop.run();
}

BOOST_AUTO_TEST_CASE(url_and_secret_are_checked_at_the_start) {
    const TemporaryFolder folder;
    std::string shortest;
    for (int i = 0; i < 16; ++i)
        shortest += "4a";
    const auto options = options_of(folder, "https://erp.example:8000/hooks/two-path?a=b", shortest + "\n");
    BOOST_REQUIRE(options);
    BOOST_TEST(options->client.origin.host == "erp.example");
    BOOST_TEST(options->client.origin.port == 8000);
    BOOST_TEST(options->target == "/hooks/two-path?a=b");
    BOOST_TEST((options->secret == Bytes(16, 0x4a)));
    BOOST_TEST(options_of(folder, "https://erp.example", shortest)->target == "/");
    BOOST_TEST(options_of(folder, "https://erp.example?x", std::string(64, 'a'))->target == "/?x");

    for (const auto* url : {"https://", "https:///x", "https://a:0/x", "https://user@a/x"})
        BOOST_TEST(!options_of(folder, url, shortest).has_value(), url);
    for (const auto& secret :
         {std::string(), std::string("\n"), std::string("0"), std::string("xy"), std::string(30, 'a'),
          std::string(33, 'a'), std::string(32, 'x'), std::string(65, 'a'), std::string(66, 'a'),
          std::string(67, 'a'), shortest + " " + shortest}) {
        const auto refused = options_of(folder, "https://a", secret);
        BOOST_REQUIRE(!refused);
        BOOST_TEST((refused.error().code == Errc::bad_configuration));
        BOOST_TEST((secret.size() < 2 || refused.error().detail.find(secret) == std::string::npos));
    }
    Settings settings;
    settings.webhook.url = "https://a";
    settings.webhook.secret_file = folder / "none";
    BOOST_TEST(webhook_options(settings).error().detail.find("cannot open") != std::string::npos);
    using std::filesystem::perms;
    BOOST_TEST(options_of(folder, "https://a", shortest, perms::group_read).has_value());
    for (const auto more : {perms::others_read, perms::group_write})
        BOOST_TEST(options_of(folder, "https://a", shortest, more).error().detail.find("chmod 600") !=
                   std::string::npos);
}

BOOST_AUTO_TEST_CASE(operators_list_retry_and_remove_what_is_owed) {
    ApiWorld world;
    const auto descriptor = world.describe("app-2.0", "2.0", "some bytes");
    world.publish(descriptor);
    world.deploy("device-1", descriptor, "deployment-1");
    world.store().tell_results([](const state::Session&) { return "{}"; }, {});
    const auto id = world.open("device-1", PluginWorld::request(descriptor)).value().session;
    BOOST_TEST(world.operate("GET", "/notices").body.as_array().empty());
    world.sessions().abort(id, "someone").value();
    world.store().give_up_notice(id, "the answer's status is 400");

    const auto shown = world.operate("GET", "/notices").body.at(0);
    const json::object expected{{"session", id},
                                {"id", notice_id(id)},
                                {"dead", true},
                                {"attempts", 1},
                                {"since", "2027-01-15T08:00:00.000Z"},
                                {"error", "the answer's status is 400"}};
    BOOST_TEST(shown == expected);
    BOOST_TEST(world.operate("PUT", "/notices/" + id + "/retry").status == 204U);
    BOOST_TEST(world.operate("GET", "/notices").body.at(0).at("dead") == false);
    BOOST_TEST(world.operate("DELETE", "/notices/" + id).status == 204U);
    BOOST_TEST(world.operate("DELETE", "/notices/" + id).status == 404U);
    BOOST_TEST(world.operate("PUT", "/notices/" + id + "/retry").status == 404U);
    BOOST_TEST(world.operate("GET", "/sessions/" + id).status == 200U);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace two_path::control
