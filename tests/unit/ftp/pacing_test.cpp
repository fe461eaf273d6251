/// A rate limits who sends, in both directions, and may change while it does.
#include "loopback.hpp"

#include "ftp/client.hpp"
#include "tests/support/emulation.hpp"

#include <boost/test/unit_test.hpp>

using namespace two_path::ftp;
using namespace two_path::ftp::test;

BOOST_AUTO_TEST_SUITE(pacing, *two_path::tests::beyond_emulation("SO_MAX_PACING_RATE"))

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t file_size = 8U << 20U;
constexpr std::uint64_t rate = 32U << 20U; // a quarter of a second
constexpr std::uint64_t slow = 64U << 10U; // two minutes: longer than the test may take
constexpr milliseconds at_least{100};      // the kernel lets the first packets through

/// Reads it all; after the first bytes, `then`.
awaitable<std::size_t> read(tcp::socket& data, std::function<void()> then) {
    std::string first(1, '\0');
    error_code ec;
    co_await data.async_read_some(asio::buffer(first), into(ec));
    then();
    const auto rest = co_await read_all(data);
    co_return 1 + rest.size();
}

} // namespace

BOOST_AUTO_TEST_CASE(of_the_server, *two_path::tests::beyond_emulation("SO_MAX_PACING_RATE")) {
    World world;
    world.catalogue.files["file"] = pattern(file_size);
    world.run([&]() -> awaitable<void> {
        Talker talker(world.io);
        co_await talker.login(world.endpoint);
        const auto& handle = world.catalogue.handles[0];

        handle.pace(rate);
        const auto start = Clock::now();
        auto data = co_await talker.data();
        co_await talker.expect("RETR file", "150");
        auto received = co_await read_all(data);
        BOOST_TEST(received.size() == file_size);
        BOOST_TEST((Clock::now() - start >= at_least));
        auto end = co_await talker.reply();
        BOOST_TEST(end == "226 All sent.");

        handle.pace(slow);
        data = co_await talker.data();
        co_await talker.expect("RETR file", "150");
        const auto faster = [&] { handle.pace(0); };
        const auto count = co_await read(data, faster);
        BOOST_TEST(count == file_size);
        end = co_await talker.reply();
        BOOST_TEST(end == "226 All sent.");
    });
}

BOOST_AUTO_TEST_CASE(of_the_client, *two_path::tests::beyond_emulation("SO_MAX_PACING_RATE")) {
    World world;
    world.catalogue.spaces["file"] = {0, file_size, true};
    const auto file = memory_file(pattern(file_size));
    world.run([&]() -> awaitable<void> {
        Client client(world.io.get_executor());
        co_await client.connect(world.endpoint);
        const Client::Answer answer = [](std::string) -> awaitable<std::optional<std::string>> {
            co_return std::string("right");
        };
        co_await client.login("user", answer);
        Upload upload;
        upload.file = file.get();
        upload.size = file_size;
        upload.offset = 0;

        client.pace(rate);
        const auto start = Clock::now();
        auto end = co_await client.store("file", upload);
        BOOST_TEST(end.has_value());
        BOOST_TEST((Clock::now() - start >= at_least));

        client.pace(slow);
        upload.progress = [&](std::uint64_t position) {
            if (position > 0) client.pace(0);
        };
        end = co_await client.store("file", upload);
        BOOST_TEST(end.has_value());
    });
}

BOOST_AUTO_TEST_SUITE_END()
