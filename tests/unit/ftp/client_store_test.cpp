/// The client that stores, against our server.
#include "loopback.hpp"

#include "ftp/client.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/test/unit_test.hpp>

using namespace two_path::ftp;
using namespace two_path::ftp::test;

BOOST_AUTO_TEST_SUITE(client_store)

namespace {

constexpr std::size_t file_size = 24U << 20U; // more than both kernels' buffers hold

struct StoreWorld : World {
    StoreWorld()
      : content(pattern(file_size))
      , file(memory_file(content)) {
        catalogue.spaces["file"] = {0, file_size, true};
        catalogue.spaces["any"] = {0, file_size, false};
    }

    Upload upload() {
        Upload upload;
        upload.file = file.get();
        upload.size = file_size;
        upload.progress = [this](std::uint64_t position) {
            if (positions.empty() || positions.back() != position) positions.push_back(position);
            if (reached) reached(position);
        };
        return upload;
    }

    const std::string content;
    Descriptor file;
    std::vector<std::uint64_t> positions;
    std::function<void(std::uint64_t)> reached;
};

awaitable<void> enter(Client& client, tcp::endpoint server) {
    const auto connected = co_await client.connect(server);
    BOOST_REQUIRE(connected);
    const Client::Answer answer = [](std::string) -> awaitable<std::optional<std::string>> {
        co_return std::string("right");
    };
    const auto in = co_await client.login("user", answer);
    BOOST_REQUIRE(in);
}

std::string error(const Outcome<void>& outcome) {
    return outcome ? "success" : outcome.error().message();
}

std::string error(Errc code) {
    return make_error_code(code).message();
}

} // namespace

BOOST_AUTO_TEST_CASE(a_file_whole) {
    StoreWorld world;
    world.run([&]() -> awaitable<void> {
        Client client(world.io.get_executor());
        co_await enter(client, world.endpoint);
        const auto end = co_await client.store("file", world.upload());
        BOOST_TEST(error(end) == "success");
        BOOST_TEST((world.catalogue.files["file"] == world.content));
        BOOST_TEST(world.positions.front() == 0U);
        BOOST_TEST(world.positions.back() == file_size);
        BOOST_TEST(std::is_sorted(world.positions.begin(), world.positions.end()));
        co_await client.quit();
    });
}

BOOST_AUTO_TEST_CASE(it_goes_on_where_the_server_ends_or_where_it_is_told_to) {
    struct Case {
        std::size_t stored;
        std::optional<std::uint64_t> offset;
        std::uint64_t start;
    };
    for (const auto& row :
         {Case{1'000'000, std::nullopt, 1'000'000}, Case{file_size, std::nullopt, file_size},
          Case{1'000'000, 0, 0}, Case{1'000'000, 1'000'000, 1'000'000}, Case{1'000'000, 999'999, 999'999},
          Case{file_size, file_size, file_size}}) {
        StoreWorld world;
        world.catalogue.files["file"] = world.content.substr(0, row.stored);
        world.run([&]() -> awaitable<void> {
            Client client(world.io.get_executor());
            co_await enter(client, world.endpoint);
            auto upload = world.upload();
            upload.offset = row.offset;
            const auto end = co_await client.store("file", upload);
            BOOST_TEST(error(end) == "success");
            BOOST_TEST((world.catalogue.files["file"] == world.content));
            BOOST_TEST(world.positions.front() == row.start);
            BOOST_TEST(world.catalogue.sizes_asked == (row.offset ? 0U : 1U));
        });
    }
}

BOOST_AUTO_TEST_CASE(an_offset_that_cannot_be_is_told_and_the_connection_lives) {
    StoreWorld world;
    world.catalogue.files["file"] = world.content.substr(0, 10);
    world.run([&]() -> awaitable<void> {
        Client client(world.io.get_executor());
        co_await enter(client, world.endpoint);
        auto upload = world.upload();
        upload.offset = file_size + 1;
        auto end = co_await client.store("file", upload);
        BOOST_TEST(error(end) == error(Errc::bad_argument));
        upload.offset = 11; // beyond what is stored
        end = co_await client.store("file", upload);
        BOOST_TEST(error(end).starts_with(error(Errc::refused) + " (554 "), error(end));
        BOOST_TEST((world.catalogue.files["file"] == world.content.substr(0, 10)));
        upload.offset = 10;
        end = co_await client.store("file", upload);
        BOOST_TEST(error(end) == "success");
    });
}

BOOST_AUTO_TEST_CASE(a_server_that_holds_more_gets_the_file_anew) {
    StoreWorld world;
    world.catalogue.files["any"] = "longer than what we have";
    world.run([&]() -> awaitable<void> {
        Client client(world.io.get_executor());
        co_await enter(client, world.endpoint);
        auto upload = world.upload();
        upload.size = 10;
        const auto end = co_await client.store("any", upload);
        BOOST_TEST(error(end) == "success");
        BOOST_TEST((world.catalogue.files["any"] == world.content.substr(0, 10)));
    });
}

BOOST_AUTO_TEST_CASE(a_connection_lost_in_the_middle_is_resumed_by_the_next) {
    StoreWorld world;
    world.run([&]() -> awaitable<void> {
        {
            Client client(world.io.get_executor());
            co_await enter(client, world.endpoint);
            world.reached = [&](std::uint64_t position) {
                if (position > file_size / 2) client.close();
            };
            const auto end = co_await client.store("file", world.upload());
            BOOST_TEST(error(end) == error(Errc::unknown_outcome));
        }
        world.reached = nullptr;
        world.positions.clear();
        const auto gone = [&] { return world.server->connections() == 0; };
        co_await until(gone);
        Client client(world.io.get_executor());
        co_await enter(client, world.endpoint);
        const auto end = co_await client.store("file", world.upload());
        BOOST_TEST(error(end) == "success");
        BOOST_TEST((world.catalogue.files["file"] == world.content));
        BOOST_TEST(world.positions.front() > 0U);
    });
}

BOOST_AUTO_TEST_CASE(what_the_server_says_is_told_and_the_connection_lives) {
    const auto refused = error(Errc::refused);
    StoreWorld world;
    world.run([&]() -> awaitable<void> {
        Client client(world.io.get_executor());
        co_await enter(client, world.endpoint);
        auto end = co_await client.store("none", world.upload());
        BOOST_TEST(error(end) == refused + " (553 Not a name to store under.)");

        world.catalogue.verdict = DataEnd::rejected;
        end = co_await client.store("file", world.upload());
        BOOST_TEST(error(end) == refused + " (451 The file is not what it should be.)");

        world.catalogue.verdict = DataEnd::whole;
        world.catalogue.room = 1'000'000; // full while we send
        auto anew = world.upload();
        anew.offset = 0;
        end = co_await client.store("file", anew);
        BOOST_TEST(error(end) == refused + " (552 No room is left.)");

        world.catalogue.room = file_size;
        end = co_await client.store("file", world.upload());
        BOOST_TEST(error(end) == "success");
    });
}

BOOST_AUTO_TEST_CASE(a_file_that_has_shrunk_is_not_ended_as_if_it_were_whole) {
    StoreWorld world;
    world.file = memory_file(world.content.substr(1));
    world.run([&]() -> awaitable<void> {
        Client client(world.io.get_executor());
        co_await enter(client, world.endpoint);
        const auto end = co_await client.store("any", world.upload()); // which may be shorter
        BOOST_TEST(error(end) == error(Errc::bad_file));
        const auto size = co_await client.size("any");
        BOOST_TEST(size.has_value());
    });
}

BOOST_AUTO_TEST_CASE(a_server_that_does_not_take_the_bytes_is_left) {
    StoreWorld world;
    world.run([&]() -> awaitable<void> {
        ClientOptions options;
        options.data_progress_time = milliseconds{40};
        asio::steady_timer never(world.io, asio::steady_timer::time_point::max());
        world.catalogue.begun = [&]() -> awaitable<void> {
            error_code ec;
            co_await never.async_wait(into(ec));
        };
        Client client(world.io.get_executor(), options);
        co_await enter(client, world.endpoint);
        asio::steady_timer later(world.io, milliseconds{200});
        later.async_wait([&](error_code) { never.cancel(); });
        const auto end = co_await client.store("file", world.upload());
        BOOST_TEST(error(end) == error(Errc::refused) + " (426 The data connection broke.)");
    });
}

BOOST_AUTO_TEST_SUITE_END()
