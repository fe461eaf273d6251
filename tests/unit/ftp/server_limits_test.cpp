/// The server's limits over loopback: connections, times, lines, logins.
#include "loopback.hpp"
#include "tests/support/emulation.hpp"

#include <boost/test/unit_test.hpp>

using namespace two_path::ftp;
using namespace two_path::ftp::test;

BOOST_AUTO_TEST_SUITE(server_limits)

namespace {

constexpr milliseconds shortly{30};

/// The next replies' codes, until the connection closes.
awaitable<std::string> codes_until_closed(Talker& talker) {
    std::string codes;
    for (;;) {
        const auto reply = co_await talker.reply();
        if (reply == "closed") co_return codes;
        codes += (codes.empty() ? "" : " ") + reply.substr(0, 3);
    }
}

} // namespace

BOOST_AUTO_TEST_CASE(connections_in_all_and_per_peer) {
    ServerOptions options;
    options.max_connections = 3;
    options.max_connections_per_peer = 2;
    World world(options);
    world.run([&]() -> awaitable<void> {
        Talker first(world.io);
        Talker second(world.io);
        Talker same_peer(world.io);
        Talker other_peer(world.io);
        Talker over(world.io);
        co_await first.connect(world.endpoint);
        co_await second.connect(world.endpoint);
        co_await same_peer.connect(world.endpoint, nullptr, false);
        auto text = co_await same_peer.reply();
        BOOST_TEST(text == "421 Too many connections from your address.");
        co_await other_peer.connect(world.endpoint, "127.0.0.2");
        co_await over.connect(world.endpoint, "127.0.0.3", false);
        text = co_await over.reply();
        BOOST_TEST(text == "421 Too many connections.");
        text = co_await over.reply();
        BOOST_TEST(text == "closed");

        co_await first.expect("QUIT", "221");
        co_await first.reply();
        while (world.server->connections() == 3)
            co_await sleep(milliseconds(1));
        Talker next(world.io);
        co_await next.connect(world.endpoint);
    });
}

BOOST_AUTO_TEST_CASE(a_service_may_refuse) {
    World world;
    world.catalogue.welcome = false;
    world.run([&]() -> awaitable<void> {
        Talker talker(world.io);
        co_await talker.connect(world.endpoint, nullptr, false);
        const auto codes = co_await codes_until_closed(talker);
        BOOST_TEST(codes == "421");
    });
}

BOOST_AUTO_TEST_CASE(the_login_has_a_deadline_that_no_command_moves) {
    ServerOptions options;
    options.login_time = shortly;
    World world(options);
    world.run([&]() -> awaitable<void> {
        Talker silent(world.io);
        Talker slow(world.io);
        co_await silent.connect(world.endpoint);
        co_await slow.connect(world.endpoint);
        co_await slow.send("USER user\r\nPASS slow\r\n"); // the visitor takes longer than the login may
        const auto codes = co_await codes_until_closed(silent);
        BOOST_TEST(codes == "421");
        const auto others = co_await codes_until_closed(slow);
        BOOST_TEST(others == "331 230 421");
    });
}

BOOST_AUTO_TEST_CASE(idle_connections_end_but_not_those_with_a_transfer) {
    ServerOptions options;
    options.idle_time = shortly;
    World world(options);
    constexpr std::size_t large = 32U << 20U;
    world.catalogue.files["file"] = pattern(large);
    world.run([&]() -> awaitable<void> {
        Talker talker(world.io);
        co_await talker.login(world.endpoint);
        auto data = co_await talker.data();
        co_await talker.expect("RETR file", "150");
        co_await sleep(3 * shortly);
        const auto received = co_await read_all(data);
        BOOST_TEST(received.size() == large);
        const auto codes = co_await codes_until_closed(talker);
        BOOST_TEST(codes == "226 421");
    });
}

BOOST_AUTO_TEST_CASE(a_data_connection_that_never_comes) {
    ServerOptions options;
    options.data_connect_time = shortly;
    World world(options);
    world.catalogue.files["file"] = "x";
    world.run([&]() -> awaitable<void> {
        Talker talker(world.io);
        co_await talker.login(world.endpoint);
        const auto port = co_await talker.passive_port();
        co_await talker.expect("RETR file", "425 No data connection came.");
        tcp::socket data(world.io);
        error_code ec;
        const tcp::endpoint target(world.endpoint.address(), port);
        co_await data.async_connect(target, into(ec));
        BOOST_TEST(ec == asio::error::connection_refused);
        co_await talker.expect("NOOP", "200");
    });
}

BOOST_AUTO_TEST_CASE(a_client_that_does_not_read_is_cut) {
    ServerOptions options;
    options.data_progress_time = shortly;
    World world(options);
    world.catalogue.files["file"] = pattern(32U << 20U);
    world.run([&]() -> awaitable<void> {
        Talker talker(world.io);
        co_await talker.login(world.endpoint);
        auto data = co_await talker.data();
        co_await talker.expect("RETR file", "150");
        const auto reply = co_await talker.reply();
        BOOST_TEST(reply == "426 The data connection broke.");
    });
}

BOOST_AUTO_TEST_CASE(a_client_that_reads_a_little_now_and_then_is_cut_where_that_is_too_slow,
                     *two_path::tests::beyond_emulation("TCP_INFO")) {
    ServerOptions options;
    options.data_progress_time = milliseconds(500);
    const std::pair<std::uint64_t, const char*> table[] = {{0, "226 "},
                                                           {10'000'000, "426 The data connection broke."}};
    for (const auto& [least_rate, end] : table) {
        options.least_rate = least_rate;
        World world(options);
        world.catalogue.files["file"] = pattern(600'000);
        world.run([&, end = end]() -> awaitable<void> {
            Talker talker(world.io);
            co_await talker.login(world.endpoint);
            auto data = co_await talker.data();
            data.set_option(tcp::socket::receive_buffer_size(4096));
            co_await talker.expect("RETR file", "150");
            std::string bytes(400, ' ');
            error_code ec;
            while (!ec) { // 400 kB a second at the most
                co_await data.async_read_some(asio::buffer(bytes), into(ec));
                co_await sleep(milliseconds(1));
            }
            const auto reply = co_await talker.reply();
            BOOST_TEST(reply.starts_with(end), reply);
        });
    }
}

BOOST_AUTO_TEST_CASE(the_rest_that_the_kernel_holds_is_no_success_yet) {
    ServerOptions options;
    options.data_progress_time = shortly;
    World world(options);
    world.run([&]() -> awaitable<void> {
        Talker talker(world.io);
        co_await talker.login(world.endpoint);
        auto data = co_await talker.data();
        data.set_option(tcp::socket::receive_buffer_size(4096));
        world.catalogue.files["file"] = pattern(1'000'000); // the sender's kernel takes it all
        co_await talker.expect("RETR file", "150");
        const auto reply = co_await talker.reply();
        BOOST_TEST(reply == "426 The data connection broke.");
    });
}

BOOST_AUTO_TEST_CASE(failed_logins_are_slow_and_few) {
    ServerOptions options;
    options.login_failure_delay = shortly;
    options.max_login_failures = 2;
    World world(options);
    world.run([&]() -> awaitable<void> {
        Talker talker(world.io);
        co_await talker.connect(world.endpoint);
        const auto start = std::chrono::steady_clock::now();
        co_await talker.send("USER a\r\nPASS b\r\nUSER c\r\nPASS d\r\nNOOP\r\n");
        const auto codes = co_await codes_until_closed(talker);
        BOOST_TEST(codes == "331 530 331 530 421");
        BOOST_TEST((std::chrono::steady_clock::now() - start >= 2 * shortly));
    });
}

BOOST_AUTO_TEST_CASE(an_address_that_fails_too_often_is_barred_until_it_ages) {
    ServerOptions options;
    options.login_failure_delay = milliseconds{1};
    options.login_failure_age = milliseconds{200};
    options.max_login_failures_per_peer = 4;
    World world(options);
    world.run([&]() -> awaitable<void> {
        Talker first(world.io);
        co_await first.connect(world.endpoint);
        co_await first.send("USER a\r\nPASS b\r\nUSER a\r\nPASS b\r\nUSER a\r\nPASS b\r\n");
        auto codes = co_await codes_until_closed(first);
        BOOST_TEST(codes == "331 530 331 530 331 530 421"); // its own limit
        Talker second(world.io);
        co_await second.connect(world.endpoint);
        co_await second.send("USER a\r\nPASS b\r\n");
        codes = co_await codes_until_closed(second);
        BOOST_TEST(codes == "331 530 421"); // the address's
        Talker third(world.io);
        co_await third.connect(world.endpoint, nullptr, false);
        codes = co_await codes_until_closed(third);
        BOOST_TEST(codes == "421");
        Talker other(world.io);
        co_await other.connect(world.endpoint, "127.0.0.2");
        for (std::string greeting; greeting.substr(0, 3) != "220";) {
            Talker again(world.io);
            co_await again.connect(world.endpoint, nullptr, false);
            greeting = co_await again.reply();
        }
    });
}

BOOST_AUTO_TEST_CASE(only_the_named_peers_get_a_word) {
    ServerOptions options;
    options.only_from = {asio::ip::make_address("127.0.0.2"), asio::ip::make_address("::1")};
    World world(options);
    world.run([&]() -> awaitable<void> {
        Talker stranger(world.io);
        co_await stranger.connect(world.endpoint, nullptr, false);
        const auto text = co_await stranger.reply();
        BOOST_TEST(text == "closed");
        Talker known(world.io);
        co_await known.connect(world.endpoint, "127.0.0.2");
    });
}

BOOST_AUTO_TEST_CASE(a_port_for_one_session) {
    ServerOptions options;
    options.one_session = true;
    World world(options);
    world.run([&]() -> awaitable<void> {
        Talker guest(world.io);
        co_await guest.connect(world.endpoint);
        co_await guest.expect("QUIT", "221"); // was no session

        Talker old(world.io);
        co_await old.login(world.endpoint);
        Talker waiting(world.io);
        co_await waiting.connect(world.endpoint);
        Talker back(world.io); // its line has broken, which the server may not know yet
        co_await back.login(world.endpoint);
        for (auto* talker : {&old, &waiting}) {
            const auto reply = co_await talker->reply();
            BOOST_TEST(reply == "421 A newer login took the place.");
        }
        Talker hopeful(world.io);
        co_await hopeful.connect(world.endpoint);
        co_await back.expect("QUIT", "221");
        auto reply = co_await back.reply();
        BOOST_TEST(reply == "closed");
        reply = co_await hopeful.reply();
        BOOST_TEST(reply == "421 The session is over.");
        Talker late(world.io);
        error_code ec;
        co_await late.socket.async_connect(world.endpoint, into(ec));
        BOOST_TEST(ec == asio::error::connection_refused);
    });
}

BOOST_AUTO_TEST_CASE(over_long_and_endless_lines) {
    World world;
    world.run([&]() -> awaitable<void> {
        Talker talker(world.io);
        co_await talker.connect(world.endpoint);
        co_await talker.expect("USER " + std::string(600, 'a'), "500");
        co_await talker.expect("USER " + std::string(400, 'a'), "331");
        co_await talker.expect("USER " + std::string(600, 'a'), "421");

        Talker endless(world.io);
        co_await endless.connect(world.endpoint);
        co_await endless.send(std::string(10'000, 'a'));
        const auto codes = co_await codes_until_closed(endless);
        BOOST_TEST(codes.substr(0, 3) == "500");
    });
}

BOOST_AUTO_TEST_CASE(web_requests_are_not_answered) {
    World world;
    world.run([&]() -> awaitable<void> {
        Talker talker(world.io);
        co_await talker.connect(world.endpoint);
        co_await talker.send("POST / HTTP/1.1\r\nHost: example\r\n\r\nUSER user\r\nPASS right\r\n");
        const auto codes = co_await codes_until_closed(talker);
        BOOST_TEST(codes == "");
    });
}

BOOST_AUTO_TEST_CASE(a_client_that_reads_no_reply_is_dropped) {
    World world;
    world.run([&]() -> awaitable<void> {
        Talker talker(world.io);
        talker.socket.open(tcp::v4());
        talker.socket.set_option(tcp::socket::receive_buffer_size(4096));
        co_await talker.socket.async_connect(world.endpoint, asio::use_awaitable);
        while (world.server->connections() == 0)
            co_await sleep(milliseconds(1));
        std::string many;
        for (int i = 0; i < 1000; ++i)
            many += "FEAT\r\n";
        for (bool open = true; open;)
            open = co_await talker.send(many);
    });
}

BOOST_AUTO_TEST_CASE(a_visitor_that_throws_ends_its_own_connection_only) {
    World world;
    world.run([&]() -> awaitable<void> {
        Talker other(world.io);
        Talker talker(world.io);
        co_await other.connect(world.endpoint);
        co_await talker.connect(world.endpoint);
        co_await talker.send("USER thrower\r\n");
        const auto codes = co_await codes_until_closed(talker);
        BOOST_TEST(codes == "");
        co_await other.expect("USER user", "331");
    });
}

BOOST_AUTO_TEST_CASE(data_ports_come_from_the_range_and_227_names_the_outside_address) {
    ServerOptions options;
    options.advertised_address = asio::ip::make_address_v4("192.0.2.7");
    // Held but not listened at, so that nobody else is given this port meanwhile.
    asio::io_context io;
    tcp::acceptor held(io, tcp::v4());
    held.set_option(tcp::acceptor::reuse_address(true));
    held.bind({asio::ip::address_v4::loopback(), 0});
    const auto only = held.local_endpoint().port();
    options.passive_ports = PortRange{only, only};
    World world(options);
    world.run([&]() -> awaitable<void> {
        Talker talker(world.io);
        Talker other(world.io);
        co_await talker.login(world.endpoint);
        co_await other.login(world.endpoint);
        const auto port = co_await talker.passive_port();
        BOOST_TEST(port == only);
        co_await other.expect("EPSV", "425");
        co_await talker.expect("PASV", "227 Entering passive mode (192,0,2,7,");
    });
}

BOOST_AUTO_TEST_CASE(a_range_of_data_ports_that_cannot_be) {
    for (const auto& [first, last] : {std::pair<std::uint16_t, std::uint16_t>{2, 1}, {0, 5}}) {
        asio::io_context io;
        Catalogue catalogue;
        ServerOptions options;
        options.passive_ports = PortRange{first, last};
        Server server(io.get_executor(), catalogue, options);
        const auto ec = server.listen({asio::ip::address_v4::loopback(), 0});
        BOOST_TEST(ec == asio::error::invalid_argument);
    }
}

BOOST_AUTO_TEST_SUITE_END()
