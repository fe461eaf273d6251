/// The server over loopback: transfers, and what may happen to them.
#include "loopback.hpp"

#include "ftp/reply.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/read.hpp>
#include <boost/test/unit_test.hpp>

using namespace two_path::ftp;
using namespace two_path::ftp::test;

BOOST_AUTO_TEST_SUITE(server)

namespace {

constexpr std::size_t large = 48U << 20U; // more than both kernels' buffers hold

} // namespace

BOOST_AUTO_TEST_CASE(a_file_whole_in_parts_and_past_its_end) {
    World world;
    const auto content = pattern(3'000'001);
    world.catalogue.files = {{"file", content}, {"empty", ""}};
    world.run([&]() -> awaitable<void> {
        Talker talker(world.io);
        co_await talker.login(world.endpoint);
        co_await talker.expect("SIZE file", "213 3000001");
        const std::pair<std::string, std::size_t> parts[] = {
            {"file", 0}, {"file", 2'999'999}, {"file", 3'000'001}, {"empty", 0}, {"/file", 1'048'576}};
        for (const auto& [name, offset] : parts) {
            auto data = co_await talker.data();
            co_await talker.expect("REST " + std::to_string(offset), "350");
            co_await talker.expect("RETR " + name, "150");
            const auto received = co_await read_all(data);
            const auto end = co_await talker.reply();
            BOOST_TEST(end == "226 All sent.");
            BOOST_TEST((received == (name == "empty" ? "" : content.substr(offset))));
        }
        co_await talker.passive_port();
        co_await talker.expect("REST 3000002", "350");
        co_await talker.expect("RETR file", "554");
        co_await talker.expect("QUIT", "221");
        const auto end = co_await talker.reply();
        BOOST_TEST(end == "closed");
    });
    BOOST_TEST(world.catalogue.sent == 3'000'001U + 2U + 0U + 3'000'001U - 1'048'576U);
}

BOOST_AUTO_TEST_CASE(over_ipv6) {
    World world({}, "::1");
    world.catalogue.files["file"] = pattern(1000);
    world.run([&]() -> awaitable<void> {
        Talker talker(world.io);
        co_await talker.login(world.endpoint);
        co_await talker.expect("PASV", "425");
        co_await talker.expect("EPSV 1", "522");
        auto data = co_await talker.data();
        co_await talker.expect("RETR file", "150");
        const auto received = co_await read_all(data);
        BOOST_TEST(received.size() == 1000U);
        const auto end = co_await talker.reply();
        BOOST_TEST(end == "226 All sent.");
    });
}

BOOST_AUTO_TEST_CASE(an_ipv4_client_of_an_ipv6_socket_is_an_ipv4_client) {
    World world({}, "::");
    world.catalogue.files["file"] = pattern(1000);
    world.run([&]() -> awaitable<void> {
        Talker talker(world.io);
        const tcp::endpoint mapped(asio::ip::address_v4::loopback(), world.endpoint.port());
        co_await talker.login(mapped);
        const auto passive = co_await talker.say("PASV");
        BOOST_TEST(passive.find("(127,0,0,1,") != std::string::npos);
        auto data = co_await talker.data();
        co_await talker.expect("RETR file", "150");
        const auto received = co_await read_all(data);
        BOOST_TEST(received.size() == 1000U);
        const auto end = co_await talker.reply();
        BOOST_TEST(end == "226 All sent.");
    });
}

BOOST_AUTO_TEST_CASE(a_stranger_at_the_data_port_gets_nothing_and_the_owner_everything) {
    World world;
    world.catalogue.files["file"] = pattern(500'000);
    world.run([&]() -> awaitable<void> {
        Talker talker(world.io);
        co_await talker.login(world.endpoint);
        const auto number = co_await talker.passive_port();
        const tcp::endpoint port(world.endpoint.address(), number);
        std::vector<tcp::socket> strangers;
        for (int i = 0; i < 20; ++i) {
            strangers.emplace_back(world.io);
            co_await dial(strangers.back(), port, "127.0.0.2");
        }
        tcp::socket data(world.io);
        co_await dial(data, port);
        co_await talker.expect("RETR file", "150");
        const auto received = co_await read_all(data);
        BOOST_TEST(received.size() == 500'000U);
        const auto end = co_await talker.reply();
        BOOST_TEST(end == "226 All sent.");
        for (auto& stranger : strangers) {
            const auto stolen = co_await read_all(stranger);
            BOOST_TEST(stolen == "");
        }
    });
}

BOOST_AUTO_TEST_CASE(abort_does_not_wait_for_a_client_that_does_not_read) {
    World world;
    world.catalogue.files["file"] = pattern(large);
    world.run([&]() -> awaitable<void> {
        Talker talker(world.io);
        co_await talker.login(world.endpoint);
        auto data = co_await talker.data();
        co_await talker.expect("RETR file", "150");
        co_await sleep(milliseconds(20)); // until the buffers are full; nothing depends on it
        const auto start = std::chrono::steady_clock::now();
        co_await talker.expect("\xFF\xF4\xFF\xF2"
                               "ABOR",
                               "426");
        const auto second = co_await talker.reply();
        BOOST_TEST(second.substr(0, 3) == "226");
        BOOST_TEST((std::chrono::steady_clock::now() - start < milliseconds{100}));
        co_await talker.expect("NOOP", "200");
        co_await talker.expect("RETR file", "425");
        BOOST_TEST(world.catalogue.sent < large);
    });
}

BOOST_AUTO_TEST_CASE(abort_with_urgent_data) {
    World world;
    world.catalogue.files["file"] = pattern(large);
    world.run([&]() -> awaitable<void> {
        Talker talker(world.io);
        co_await talker.login(world.endpoint);
        auto data = co_await talker.data();
        co_await talker.expect("RETR file", "150");
        const std::string synch = "\xFF\xF4\xFF\xF2";
        talker.socket.send(asio::buffer(synch), tcp::socket::message_out_of_band);
        co_await talker.expect("ABOR", "426");
        const auto second = co_await talker.reply();
        BOOST_TEST(second.substr(0, 3) == "226");
    });
}

BOOST_AUTO_TEST_CASE(a_client_that_resets_the_data_connection_is_not_told_226) {
    World world;
    world.catalogue.files["file"] = pattern(large);
    world.run([&]() -> awaitable<void> {
        Talker talker(world.io);
        co_await talker.login(world.endpoint);
        auto data = co_await talker.data();
        co_await talker.expect("RETR file", "150");
        data.set_option(tcp::socket::linger(true, 0));
        data.close();
        const auto end = co_await talker.reply();
        BOOST_TEST(end == "426 The data connection broke.");
    });
}

BOOST_AUTO_TEST_CASE(a_file_that_has_shrunk_is_not_told_226) {
    World world;
    world.catalogue.files["short"] = pattern(100'000);
    world.run([&]() -> awaitable<void> {
        Talker talker(world.io);
        co_await talker.login(world.endpoint);
        auto data = co_await talker.data();
        co_await talker.expect("RETR short", "150");
        const auto received = co_await read_all(data);
        BOOST_TEST(received.size() <= 50'000U);
        const auto end = co_await talker.reply();
        BOOST_TEST(end == "451 The file could not be read.");
    });
}

BOOST_AUTO_TEST_CASE(commands_and_quit_during_a_transfer_wait_for_its_end) {
    World world;
    world.catalogue.files["file"] = pattern(large);
    world.run([&]() -> awaitable<void> {
        Talker talker(world.io);
        co_await talker.login(world.endpoint);
        auto data = co_await talker.data();
        co_await talker.expect("RETR file", "150");
        co_await talker.send("NOOP\r\nUSER other\r\nQUIT\r\n");
        talker.socket.shutdown(tcp::socket::shutdown_send);
        const auto received = co_await read_all(data);
        BOOST_TEST(received.size() == large);
        for (const auto* code : {"226", "200", "503", "221", "clo"}) {
            const auto reply = co_await talker.reply();
            BOOST_TEST(reply.substr(0, 3) == code);
        }
    });
}

BOOST_AUTO_TEST_CASE(more_commands_than_the_queue_holds_are_answered_after_the_transfer) {
    World world;
    world.catalogue.files["file"] = pattern(large);
    world.run([&]() -> awaitable<void> {
        Talker talker(world.io);
        co_await talker.login(world.endpoint);
        auto data = co_await talker.data();
        co_await talker.expect("RETR file", "150");
        std::string many;
        for (int i = 0; i < 100; ++i)
            many += "NOOP\r\n";
        co_await talker.send(many);
        const auto received = co_await read_all(data);
        BOOST_TEST(received.size() == large);
        const auto end = co_await talker.reply();
        BOOST_TEST(end == "226 All sent.");
        for (int i = 0; i < 100; ++i) {
            const auto reply = co_await talker.reply();
            BOOST_TEST(reply.substr(0, 3) == "200");
        }
    });
}

BOOST_AUTO_TEST_CASE(a_client_that_leaves_ends_its_transfer) {
    World world;
    world.catalogue.files["file"] = pattern(large);
    world.run([&]() -> awaitable<void> {
        Talker talker(world.io);
        co_await talker.login(world.endpoint);
        auto data = co_await talker.data();
        co_await talker.expect("RETR file", "150");
        talker.socket.close();
        const auto received = co_await read_all(data);
        BOOST_TEST(received.size() < large);
    });
}

BOOST_AUTO_TEST_CASE(a_new_data_port_closes_the_old_one) {
    World world;
    world.run([&]() -> awaitable<void> {
        Talker talker(world.io);
        co_await talker.login(world.endpoint);
        const auto old = co_await talker.passive_port();
        co_await talker.passive_port();
        tcp::socket data(world.io);
        error_code ec;
        const tcp::endpoint target(world.endpoint.address(), old);
        co_await data.async_connect(target, into(ec));
        BOOST_TEST(ec == asio::error::connection_refused);
    });
}

BOOST_AUTO_TEST_CASE(pipelining_and_segments_of_one_byte) {
    World world;
    world.catalogue.files["file"] = "x";
    world.run([&]() -> awaitable<void> {
        const std::string commands = "USER user\r\nPASS right\nTYPE I\r\nSIZE file\r\nnoop\r\nQUIT\r\n";
        for (const std::size_t step : {commands.size(), std::size_t{1}}) {
            Talker talker(world.io);
            co_await talker.connect(world.endpoint);
            talker.socket.set_option(tcp::no_delay(true));
            for (std::size_t at = 0; at < commands.size(); at += step)
                co_await talker.send(commands.substr(at, step));
            for (const auto* code : {"331", "230", "200", "213", "200", "221", "clo"}) {
                const auto reply = co_await talker.reply();
                BOOST_TEST(reply.substr(0, 3) == code);
            }
        }
    });
}

BOOST_AUTO_TEST_CASE(stop_ends_a_transfer_at_the_edge_of_a_block) {
    World world;
    constexpr std::size_t block = 65536;
    world.catalogue.files["file"] = pattern(large);
    world.catalogue.granularity = block;
    world.run([&]() -> awaitable<void> {
        Talker idle(world.io);
        co_await idle.connect(world.endpoint);
        Talker talker(world.io);
        co_await talker.login(world.endpoint);
        auto data = co_await talker.data();
        co_await talker.expect("REST 1000", "350");
        co_await talker.expect("RETR file", "150");
        asio::co_spawn(world.io, world.server->stop(milliseconds{5000}), asio::detached);
        const auto bye = co_await idle.reply();
        BOOST_TEST(bye == "421 The server stops.");
        const auto received = co_await read_all(data);
        BOOST_TEST(received.size() < large - 1000);
        BOOST_TEST((received.size() + 1000) % block == 0U);
        for (const auto* code : {"426", "421", "clo"}) {
            const auto reply = co_await talker.reply();
            BOOST_TEST(reply.substr(0, 3) == code);
        }
        Talker late(world.io);
        error_code ec;
        co_await late.socket.async_connect(world.endpoint, into(ec));
        BOOST_TEST(ec == asio::error::connection_refused);
    });
}

BOOST_AUTO_TEST_CASE(stop_cuts_what_does_not_end_within_the_grace_time) {
    World world;
    world.catalogue.files["file"] = pattern(large);
    world.catalogue.granularity = large;
    world.run([&]() -> awaitable<void> {
        Talker talker(world.io);
        co_await talker.login(world.endpoint);
        auto data = co_await talker.data();
        co_await talker.expect("RETR file", "150");
        co_await world.server->stop(milliseconds(20));
        BOOST_TEST(world.server->connections() == 0U);
        const auto received = co_await read_all(data);
        BOOST_TEST(received.size() < large);
    });
}

BOOST_AUTO_TEST_CASE(a_superseded_connection_is_closed_and_its_transfer_cut) {
    World world;
    world.catalogue.files["file"] = pattern(large);
    world.run([&]() -> awaitable<void> {
        Talker talker(world.io);
        co_await talker.login(world.endpoint);
        auto data = co_await talker.data();
        co_await talker.expect("RETR file", "150");
        world.catalogue.handles[0].close("Superseded.");
        world.catalogue.handles[0].close("Again.");
        for (const auto* text : {"426 Superseded.", "421 Superseded.", "closed"}) {
            const auto reply = co_await talker.reply();
            BOOST_TEST(reply == text);
        }
        const auto received = co_await read_all(data);
        BOOST_TEST(received.size() < large);
        world.catalogue.handles[0].close("Long gone.");
    });
}

BOOST_AUTO_TEST_SUITE_END()
