/// The server over loopback: files that come in, and what may happen to them.
#include "loopback.hpp"

#include "tests/support/emulation.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/test/unit_test.hpp>
#include <thread>
#include <unistd.h>

using namespace two_path::ftp;
using namespace two_path::ftp::test;

BOOST_AUTO_TEST_SUITE(server_store)

namespace {

constexpr std::size_t file_size = 1'000'000;

/// A world in which "file" may be stored, of exactly `file_size` bytes, and "any", of as many at most.
struct StoreWorld : World {
    explicit StoreWorld(ServerOptions options = {})
      : World(std::move(options)) {
        catalogue.spaces["file"] = {0, file_size, true};
        catalogue.spaces["any"] = {0, file_size, false};
    }
    const std::string content = pattern(file_size);
};

/// Sends all and ends; gives the final reply.
awaitable<std::string> give(Talker& talker, tcp::socket& data, std::string text) {
    co_await write_all(data, std::move(text));
    error_code ec;
    data.shutdown(tcp::socket::shutdown_send, ec);
    auto reply = co_await talker.reply();
    co_return reply;
}

/// STOR (or another line) and the whole data connection; gives the final reply.
awaitable<std::string> store(Talker& talker, std::string line, std::string text) {
    auto data = co_await talker.data();
    co_await talker.expect(std::move(line), "150");
    auto reply = co_await give(talker, data, std::move(text));
    co_return reply;
}

} // namespace

BOOST_AUTO_TEST_CASE(a_file_whole) {
    StoreWorld world;
    world.run([&]() -> awaitable<void> {
        Talker talker(world.io);
        co_await talker.login(world.endpoint);
        auto end = co_await store(talker, "STOR file", world.content);
        BOOST_TEST(end == "226 All stored.");
        BOOST_TEST((world.catalogue.files["file"] == world.content));
        co_await talker.expect("SIZE file", "213 1000000");
    });
}

BOOST_AUTO_TEST_CASE(rest_and_append_go_on_where_they_say_and_leave_no_tail) {
    StoreWorld world;
    world.catalogue.files["file"] = world.content.substr(0, 300'000) + std::string(700'000, '?');
    world.catalogue.files["any"] = "abcdef";
    world.run([&]() -> awaitable<void> {
        Talker talker(world.io);
        co_await talker.login(world.endpoint);
        auto data = co_await talker.data();
        co_await talker.expect("REST 300000", "350");
        co_await talker.expect("STOR file", "150");
        auto end = co_await give(talker, data, world.content.substr(300'000));
        BOOST_TEST(end == "226 All stored.");
        BOOST_TEST((world.catalogue.files["file"] == world.content));

        end = co_await store(talker, "APPE any", "ghi");
        BOOST_TEST(end == "226 All stored.");
        BOOST_TEST(world.catalogue.files["any"] == "abcdefghi");
        data = co_await talker.data();
        co_await talker.expect("REST 2", "350");
        co_await talker.expect("APPE any", "150");
        end = co_await give(talker, data, "x");
        BOOST_TEST(end == "226 All stored.");
        BOOST_TEST(world.catalogue.files["any"] == "abx");
        co_await talker.passive_port();
        co_await talker.expect("REST 4", "350");
        co_await talker.expect("STOR any", "554");
        BOOST_TEST(world.catalogue.files["any"] == "abx");
    });
}

BOOST_AUTO_TEST_CASE(an_end_too_early_is_not_told_226) {
    StoreWorld world;
    world.run([&]() -> awaitable<void> {
        Talker talker(world.io);
        co_await talker.login(world.endpoint);
        auto end = co_await store(talker, "STOR file", world.content.substr(1));
        BOOST_TEST(end == "426 The data connection broke.");
        co_await talker.expect("ALLO 10", "200"); // the only way to tell the length in band
        end = co_await store(talker, "STOR any", "123456789");
        BOOST_TEST(end == "426 The data connection broke.");
    });
}

BOOST_AUTO_TEST_CASE(a_reset_is_not_told_226) {
    StoreWorld world;
    world.run([&]() -> awaitable<void> {
        Talker talker(world.io);
        co_await talker.login(world.endpoint);
        auto data = co_await talker.data();
        co_await talker.expect("STOR any", "150");
        co_await write_all(data, "some");
        const auto arrived = [&] { return world.catalogue.files["any"].size() == 4; };
        co_await until(arrived);
        data.set_option(tcp::socket::linger(true, 0));
        data.close();
        const auto end = co_await talker.reply();
        BOOST_TEST(end == "426 The data connection broke.");
        co_await talker.expect("SIZE any", "213 4");
    });
}

BOOST_AUTO_TEST_CASE(one_byte_too_many_is_refused_at_once) {
    StoreWorld world;
    world.run([&]() -> awaitable<void> {
        Talker talker(world.io);
        co_await talker.login(world.endpoint);
        for (const auto* line : {"STOR file", "STOR any"}) {
            auto data = co_await talker.data();
            co_await talker.expect(line, "150");
            co_await write_all(data, world.content + "x"); // and no end
            const auto end = co_await talker.reply();
            BOOST_TEST(end == "552 More bytes than the file may have.");
            BOOST_TEST(world.catalogue.files["file"].size() == file_size);
        }
    });
}

BOOST_AUTO_TEST_CASE(what_the_owner_says_is_told) {
    StoreWorld world;
    world.catalogue.spaces["thrower"] = {0, 1, false};
    world.run([&]() -> awaitable<void> {
        Talker talker(world.io);
        co_await talker.login(world.endpoint);
        for (const auto& [verdict, code] :
             {std::pair{DataEnd::rejected, "451 The file is not what it should be."},
              std::pair{DataEnd::failed, "451 The file could not be written."},
              std::pair{DataEnd::no_room, "552 No room is left."}}) {
            world.catalogue.verdict = verdict;
            const auto end = co_await store(talker, "STOR file", world.content);
            BOOST_TEST(end == code);
        }
        const auto end = co_await store(talker, "STOR thrower", "x");
        BOOST_TEST(end == "451 The file could not be written.");
        co_await talker.expect("NOOP", "200");
    });
}

BOOST_AUTO_TEST_CASE(a_full_disk_ends_the_transfer_while_it_runs) {
    StoreWorld world;
    world.catalogue.room = 1000;
    world.run([&]() -> awaitable<void> {
        Talker talker(world.io);
        co_await talker.login(world.endpoint);
        auto data = co_await talker.data();
        co_await talker.expect("STOR file", "150");
        co_await write_all(data, world.content); // and no end
        const auto end = co_await talker.reply();
        BOOST_TEST(end == "552 No room is left.");
    });
}

BOOST_AUTO_TEST_CASE(abort_ends_a_store_at_once_though_the_owner_is_slow) {
    StoreWorld world;
    asio::steady_timer slow(world.io, asio::steady_timer::time_point::max());
    world.catalogue.owed = [&]() -> awaitable<void> {
        error_code ec;
        co_await slow.async_wait(into(ec));
    };
    world.run([&]() -> awaitable<void> {
        Talker talker(world.io);
        co_await talker.login(world.endpoint);
        auto data = co_await talker.data();
        co_await talker.expect("STOR file", "150");
        co_await write_all(data, world.content);
        co_await talker.expect("ABOR", "426");
        const auto second = co_await talker.reply();
        BOOST_TEST(second == "226 Abort done.");
        // The next command waits, so that no two transfers share an owner.
        co_await talker.send("SIZE file\r\n");
        const auto arrived = [&] { return world.catalogue.files["file"].size() == file_size; };
        co_await until(arrived);
        BOOST_TEST(talker.socket.available() == 0U);
        slow.cancel();
        const auto reply = co_await talker.reply();
        BOOST_TEST(reply == "213 1000000");
    });
}

BOOST_AUTO_TEST_CASE(a_client_that_leaves_ends_its_store) {
    StoreWorld world;
    world.run([&]() -> awaitable<void> {
        Talker talker(world.io);
        co_await talker.login(world.endpoint);
        auto data = co_await talker.data();
        co_await talker.expect("STOR file", "150");
        talker.socket.close();
        const auto gone = [&] { return world.server->connections() == 0; };
        co_await until(gone);
        BOOST_TEST(world.catalogue.receiving == 0U);
        const auto rest = co_await read_all(data);
        BOOST_TEST(rest == "");
    });
}

BOOST_AUTO_TEST_CASE(quit_lets_a_store_finish) {
    StoreWorld world;
    world.run([&]() -> awaitable<void> {
        Talker talker(world.io);
        co_await talker.login(world.endpoint);
        auto data = co_await talker.data();
        co_await talker.expect("STOR file", "150");
        co_await talker.send("QUIT\r\n");
        const auto end = co_await give(talker, data, world.content);
        BOOST_TEST(end == "226 All stored.");
        const auto bye = co_await talker.reply();
        BOOST_TEST(bye == "221 Goodbye.");
    });
}

BOOST_AUTO_TEST_CASE(a_client_that_sends_nothing_is_cut_but_not_while_the_owner_is_at_work,
                     *two_path::tests::beyond_emulation("TCP_INFO")) {
    ServerOptions options;
    options.data_progress_time = milliseconds{40};
    StoreWorld world(options);
    world.catalogue.owed = []() -> awaitable<void> { co_await sleep(milliseconds(120)); };
    world.run([&]() -> awaitable<void> {
        Talker talker(world.io);
        co_await talker.login(world.endpoint);
        auto end = co_await store(talker, "STOR file", world.content);
        BOOST_TEST(end == "226 All stored.");
        auto data = co_await talker.data();
        co_await talker.expect("STOR file", "150");
        end = co_await talker.reply();
        BOOST_TEST(end == "426 The data connection broke.");
    });
}

BOOST_AUTO_TEST_CASE(whoever_else_reads_the_data_is_ended_by_abort_too) {
    StoreWorld world;
    std::uint64_t read = 0;
    std::optional<std::jthread> reader;
    // As another process would: blocking, and without a word to the server until it ends.
    world.catalogue.taker = [&](Incoming incoming) -> awaitable<Received> {
        asio::steady_timer ended(world.io, asio::steady_timer::time_point::max());
        reader.emplace([&, fd = incoming.data.get()] {
            std::array<char, 4096> buffer;
            for (ssize_t count = 0; (count = ::read(fd, buffer.data(), buffer.size())) > 0;)
                read += static_cast<std::uint64_t>(count);
            asio::post(world.io, [&] { ended.cancel(); });
        });
        error_code ec;
        co_await ended.async_wait(into(ec));
        co_return Received{DataEnd::broken, read};
    };
    world.run([&]() -> awaitable<void> {
        Talker talker(world.io);
        co_await talker.login(world.endpoint);
        auto data = co_await talker.data();
        co_await talker.expect("STOR file", "150");
        co_await write_all(data, "some");
        co_await talker.expect("ABOR", "426");
        co_await talker.expect("NOOP", "226"); // ABOR's
        const auto reply = co_await talker.reply();
        BOOST_TEST(reply.substr(0, 3) == "200");
    });
    BOOST_TEST(read <= 4U);
}

BOOST_AUTO_TEST_CASE(stop_ends_a_store) {
    StoreWorld world;
    world.run([&]() -> awaitable<void> {
        Talker talker(world.io);
        co_await talker.login(world.endpoint);
        auto data = co_await talker.data();
        co_await talker.expect("STOR file", "150");
        asio::co_spawn(world.io, world.server->stop(milliseconds{5000}), asio::detached);
        for (const auto* text : {"426 Ended early.", "421 The server stops.", "closed"}) {
            const auto reply = co_await talker.reply();
            BOOST_TEST(reply == text);
        }
    });
}

BOOST_AUTO_TEST_CASE(a_superseded_store_ends_and_its_owner_is_waited_for) {
    StoreWorld world;
    asio::steady_timer slow(world.io, asio::steady_timer::time_point::max());
    world.catalogue.owed = [&]() -> awaitable<void> {
        error_code ec;
        co_await slow.async_wait(into(ec));
    };
    world.run([&]() -> awaitable<void> {
        Talker talker(world.io);
        co_await talker.login(world.endpoint);
        auto data = co_await talker.data();
        co_await talker.expect("STOR file", "150");
        world.catalogue.handles[0].close("Superseded.");
        for (const auto* text : {"426 Superseded.", "421 Superseded.", "closed"}) {
            const auto reply = co_await talker.reply();
            BOOST_TEST(reply == text);
        }
        BOOST_TEST(world.server->connections() == 1U);
        slow.cancel();
        const auto gone = [&] { return world.server->connections() == 0; };
        co_await until(gone);
    });
}

BOOST_AUTO_TEST_CASE(a_stranger_can_store_nothing) {
    StoreWorld world;
    world.run([&]() -> awaitable<void> {
        Talker talker(world.io);
        co_await talker.login(world.endpoint);
        const auto number = co_await talker.passive_port();
        const tcp::endpoint port(world.endpoint.address(), number);
        tcp::socket stranger(world.io);
        co_await dial(stranger, port, "127.0.0.2");
        co_await write_all(stranger, "poison");
        tcp::socket data(world.io);
        co_await dial(data, port);
        co_await talker.expect("STOR file", "150");
        const auto end = co_await give(talker, data, world.content);
        BOOST_TEST(end == "226 All stored.");
        BOOST_TEST((world.catalogue.files["file"] == world.content));
    });
}

BOOST_AUTO_TEST_SUITE_END()
