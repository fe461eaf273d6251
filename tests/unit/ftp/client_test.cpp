/// The client against our server, and against servers that lie.
#include "loopback.hpp"

#include "ftp/client.hpp"
#include "ftp/reply.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <boost/test/unit_test.hpp>
#include <fcntl.h>
#include <sys/socket.h>

using namespace two_path::ftp;
using namespace two_path::ftp::test;

BOOST_TEST_DONT_PRINT_LOG_VALUE(Errc)

BOOST_AUTO_TEST_SUITE(client)

namespace {

Client::Answer password(const char* text) {
    return [text](std::string) -> awaitable<std::optional<std::string>> { co_return std::string(text); };
}

/// Reads the descriptor to its end without blocking the server, which runs on the same thread.
awaitable<std::string> read_all(asio::io_context& io, Descriptor descriptor) {
    tcp::socket socket(io, tcp::v4(), descriptor.release());
    auto text = co_await two_path::ftp::test::read_all(socket);
    co_return text;
}

template<class T>
std::string error(const Outcome<T>& outcome) {
    return outcome ? "success" : outcome.error().error.message();
}

std::string error(Errc code) {
    return make_error_code(code).message();
}

/// A server that says what it is told to, whatever it hears: first a banner, then one text per line received.
/// "@" in a text stands for its data port; it sends `data` there when the client comes.
struct Liar {
    explicit Liar(std::vector<std::string> texts_)
      : texts(std::move(texts_))
      , control(io, {asio::ip::address_v4::loopback(), 0})
      , data(io, {asio::ip::address_v4::loopback(), 0}) {}

    void run(std::function<awaitable<void>(Client&)> test) {
        asio::co_spawn(io, serve(), asio::detached);
        asio::co_spawn(io, serve_data(), asio::detached);
        std::exception_ptr failure;
        const auto whole = [&]() -> awaitable<void> {
            Client client(io.get_executor(), options);
            co_await test(client);
            control.close();
            data.close();
        };
        asio::co_spawn(io, whole, [&](const std::exception_ptr& e) {
            failure = e;
            io.stop();
        });
        io.run();
        if (failure) std::rethrow_exception(failure);
    }

    awaitable<void> serve() {
        auto socket = co_await control.async_accept(asio::use_awaitable);
        std::string heard;
        for (auto text : texts) {
            const auto port = data.local_endpoint().port();
            if (const auto at = text.find('@'); at != std::string::npos) {
                const bool extended = text.substr(0, 3) == "229";
                text.replace(at, 1,
                             extended ? std::to_string(port)
                                      : std::to_string(port / 256) + ',' + std::to_string(port % 256));
            }
            co_await asio::async_write(socket, asio::buffer(text), asio::use_awaitable);
            error_code ec;
            const auto size =
                co_await asio::async_read_until(socket, asio::dynamic_buffer(heard), '\n', into(ec));
            if (ec) co_return;
            lines.push_back(heard.substr(0, size - 2));
            heard.erase(0, size);
        }
    }

    awaitable<void> serve_data() {
        error_code ec;
        tcp::socket socket(io);
        co_await data.async_accept(socket, into(ec));
        if (ec) co_return;
        ++data_connections;
        const std::string some = "only this";
        co_await asio::async_write(socket, asio::buffer(some), into(ec));
    }

    std::vector<std::string> texts;
    ClientOptions options;
    asio::io_context io;
    tcp::acceptor control;
    tcp::acceptor data;
    std::vector<std::string> lines;
    int data_connections = 0;
};

std::vector<std::string> logged_in(std::vector<std::string> rest) {
    std::vector<std::string> texts = {"220 Hello\r\n", "331 Who\r\n", "230 In\r\n", "200 Binary\r\n"};
    texts.insert(texts.end(), rest.begin(), rest.end());
    return texts;
}

/// Connects, logs in, retrieves, finishes; the first error, or what was read.
awaitable<std::string> fetch(Client& client, asio::io_context& io, tcp::endpoint server) {
    const auto connected = co_await client.connect(server);
    if (!connected) co_return error(connected);
    const auto in = co_await client.login("user", password("right"));
    if (!in) co_return error(in);
    auto data = co_await client.retrieve("file", 0);
    if (!data) co_return error(data);
    const auto text = co_await read_all(io, std::move(*data));
    const auto end = co_await client.finish();
    if (!end) co_return error(end);
    co_return text;
}

/// What `fetch` makes of a liar.
std::string told(Liar& liar) {
    std::string result;
    liar.run([&](Client& client) -> awaitable<void> {
        result = co_await fetch(client, liar.io, liar.control.local_endpoint());
    });
    return result;
}

std::string told(std::vector<std::string> texts) {
    Liar liar(std::move(texts));
    return told(liar);
}

} // namespace

BOOST_AUTO_TEST_CASE(an_honest_server) {
    World world;
    const auto content = pattern(5'000'000);
    world.catalogue.files["file"] = content;
    world.run([&]() -> awaitable<void> {
        Client client(world.io.get_executor());
        const auto connected = co_await client.connect(world.endpoint);
        BOOST_TEST(error(connected) == "success");
        std::string challenge;
        const auto answer = [&](std::string text) -> awaitable<std::optional<std::string>> {
            challenge = text;
            co_return "right";
        };
        const auto in = co_await client.login("user", answer);
        BOOST_TEST(in.value() == "Welcome.");
        BOOST_TEST(challenge == "Password for user.");
        const auto size = co_await client.size("file");
        BOOST_TEST(size.value() == content.size());
        for (const std::size_t offset : {std::size_t{0}, std::size_t{4'999'000}, content.size()}) {
            auto data = co_await client.retrieve("file", offset);
            BOOST_REQUIRE(data);
            BOOST_TEST((::fcntl(data->get(), F_GETFL) & O_NONBLOCK) == 0);
            const auto received = co_await read_all(world.io, std::move(*data));
            BOOST_TEST((received == content.substr(offset)));
            const auto end = co_await client.finish();
            BOOST_TEST(error(end) == "success");
        }
        const auto none = co_await client.retrieve("none", 0);
        BOOST_TEST(error(none) == error(Errc::refused));
        BOOST_TEST(none.error().reply.code == 550);
        const auto past = co_await client.retrieve("file", content.size() + 1);
        BOOST_TEST(past.error().reply.code == 554);
        const auto smuggled = co_await client.size("file\r\nQUIT");
        BOOST_TEST(error(smuggled) == error(Errc::bad_argument));
        const auto early = co_await client.finish();
        BOOST_TEST(error(early) == error(Errc::out_of_order));

        auto data = co_await client.retrieve("file", 0);
        BOOST_REQUIRE(data);
        const auto aborted = co_await client.abort();
        BOOST_TEST(error(aborted) == "success");
        const auto again = co_await client.size("file");
        BOOST_TEST(error(again) == "success");
        co_await client.quit();
    });
}

BOOST_AUTO_TEST_CASE(a_refused_login_says_why) {
    ServerOptions options;
    options.login_failure_delay = milliseconds{1};
    World world(options);
    world.run([&]() -> awaitable<void> {
        Client client(world.io.get_executor());
        co_await client.connect(world.endpoint);
        const auto in = co_await client.login("user", password("wrong"));
        BOOST_TEST(error(in) == error(Errc::refused));
        BOOST_TEST(in.error().reply.code == 530);
        BOOST_TEST(in.error().message() == error(Errc::refused) + " (530 Login incorrect.)");
    });
}

BOOST_AUTO_TEST_CASE(a_challenge_that_is_not_accepted_ends_with_quit) {
    World world;
    world.run([&]() -> awaitable<void> {
        Client client(world.io.get_executor());
        co_await client.connect(world.endpoint);
        const auto leave = [](std::string) -> awaitable<std::optional<std::string>> {
            co_return std::nullopt;
        };
        const auto in = co_await client.login("user", leave);
        BOOST_TEST(error(in) == error(Errc::declined));
    });
}

BOOST_AUTO_TEST_CASE(a_control_connection_lost_during_the_transfer_leaves_the_outcome_unknown) {
    World world;
    world.catalogue.files["file"] = pattern(1000);
    world.run([&]() -> awaitable<void> {
        Client client(world.io.get_executor());
        co_await client.connect(world.endpoint);
        co_await client.login("user", password("right"));
        auto data = co_await client.retrieve("file", 0);
        BOOST_REQUIRE(data);
        client.close();
        const auto end = co_await client.finish();
        BOOST_TEST(error(end) == error(Errc::unknown_outcome));
    });
}

BOOST_AUTO_TEST_CASE(only_the_port_of_227_is_believed) {
    Liar liar(logged_in({"500 No EPSV\r\n", "227 Go (192,0,2,1,@)\r\n", "150 Here\r\n226 Done\r\n"}));
    BOOST_TEST(told(liar) == "only this"); // fewer bytes than SIZE is the caller's to see
    const std::vector<std::string> lines = {"USER user", "PASS right", "TYPE I", "EPSV", "PASV", "RETR file"};
    BOOST_TEST(liar.lines == lines, boost::test_tools::per_element());
    BOOST_TEST(liar.data_connections == 1);
}

BOOST_AUTO_TEST_CASE(ports_that_cannot_be) {
    for (const auto* text :
         {"229 Go (|||0|)\r\n", "229 Go (|||22|)\r\n", "229 Go\r\n", "229 Go (|||99999|)\r\n"})
        BOOST_TEST(told(logged_in({text})) == error(Errc::bad_port));
    BOOST_TEST(told(logged_in({"502 No\r\n", "227 Go (1,2,3,4,5)\r\n"})) == error(Errc::bad_port));
}

BOOST_AUTO_TEST_CASE(replies_that_do_not_belong) {
    const auto unexpected = error(Errc::unexpected_reply);
    BOOST_TEST(told({"230 Come in\r\n"}) == unexpected);
    BOOST_TEST(told({"220 Hello\r\n", "230 No password needed\r\n"}) == unexpected);
    BOOST_TEST(told({"220 Hello\r\n", "331 Who\r\n", "331 Who again\r\n"}) == unexpected);
    BOOST_TEST(told(logged_in({"229 (|||@|)\r\n", "226 Done\r\n"})) == unexpected);
    BOOST_TEST(told(logged_in({"229 (|||@|)\r\n", "150 Here\r\n150 Here\r\n226 Done\r\n"})) == unexpected);
}

BOOST_AUTO_TEST_CASE(replies_that_are_none_or_never_end) {
    BOOST_TEST(told({"HTTP/1.1 400 Bad Request\r\n"}) == error(Errc::malformed));
    BOOST_TEST(told({std::string("220 a\0b\r\n", 9)}) == error(Errc::malformed));
    BOOST_TEST(told({"220 " + std::string(2000, 'x')}) == error(Errc::too_long));
    std::string many = "220-\r\n";
    for (std::size_t i = 0; i < ReplyParser::max_lines; ++i)
        many += "x\r\n";
    BOOST_TEST(told({many}) == error(Errc::too_long));
    std::string much = "220-\r\n";
    for (int i = 0; i < 6; ++i)
        much += std::string(1000, 'x') + "\r\n";
    BOOST_TEST(told({much}) == error(Errc::too_long));
}

BOOST_AUTO_TEST_CASE(a_server_that_says_nothing) {
    Liar mute({""});
    mute.options.banner_time = milliseconds{20};
    BOOST_TEST(told(mute) == error(Errc::timed_out));

    Liar slow({"220 Hello\r\n", "331-Wait\r\n"});
    slow.options.reply_time = milliseconds{20};
    BOOST_TEST(told(slow) == error(Errc::timed_out));

    Liar unfinished(logged_in({"229 (|||@|)\r\n", "150 Here\r\n"}));
    unfinished.options.reply_time = milliseconds{20};
    BOOST_TEST(told(unfinished) == error(Errc::unknown_outcome));
}

BOOST_AUTO_TEST_CASE(refusals_of_a_transfer) {
    BOOST_TEST(told(logged_in({"229 (|||@|)\r\n", "150 Here\r\n426 Broken\r\n"})) == error(Errc::refused));
    BOOST_TEST(told(logged_in({"421 Stopping\r\n"})) == error(Errc::refused));
    BOOST_TEST(told({"421 Full\r\n"}) == error(Errc::refused));
}

BOOST_AUTO_TEST_CASE(a_success_without_all_bytes_is_none) {
    // It resets the data connection and says that all is well.
    Liar liar(logged_in({"550 None\r\n", "229 (|||@|)\r\n", "150 Here\r\n226 Stored\r\n"}));
    const auto file = memory_file(pattern(32U << 20U));
    liar.run([&](Client& client) -> awaitable<void> {
        co_await client.connect(liar.control.local_endpoint());
        co_await client.login("user", password("right"));
        Upload upload;
        upload.file = file.get();
        upload.size = 32U << 20U;
        const auto end = co_await client.store("file", upload);
        BOOST_TEST(error(end) == error(Errc::unknown_outcome));
    });
}

BOOST_AUTO_TEST_CASE(a_login_has_a_deadline_that_the_answer_counts_in) {
    World world;
    world.run([&]() -> awaitable<void> {
        ClientOptions options;
        options.login_time = milliseconds{20};
        Client client(world.io.get_executor(), options);
        co_await client.connect(world.endpoint);
        const auto slowly = [](std::string) -> awaitable<std::optional<std::string>> {
            co_await sleep(milliseconds(60));
            co_return "right";
        };
        const auto in = co_await client.login("user", slowly);
        BOOST_TEST(error(in) == error(Errc::timed_out));
    });
}

BOOST_AUTO_TEST_SUITE_END()
