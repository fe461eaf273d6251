#include "loopback.hpp"

#include "ftp/receive.hpp"
#include "ftp/reply.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/write.hpp>
#include <boost/test/unit_test.hpp>
#include <sys/mman.h>

namespace two_path::ftp::test {
namespace {

constexpr milliseconds too_long{20'000};

class Guest : public Visitor {
  public:
    explicit Guest(Catalogue& catalogue)
      : catalogue_(catalogue) {
        ++catalogue_.visitors;
    }
    ~Guest() override { --catalogue_.visitors; }

    awaitable<std::string> challenge(std::string user) override {
        if (user == "thrower") throw std::runtime_error("a visitor's own trouble");
        co_return "Password for " + user + ".";
    }
    awaitable<std::optional<std::string>> authenticate(std::string password) override {
        std::optional<std::string> text;
        if (password == "slow") co_await sleep(milliseconds(100));
        if (password == "right" || password == "slow") text = "Welcome.";
        co_return text;
    }
    awaitable<std::variant<std::uint64_t, Refusal>> size(std::string name) override {
        ++catalogue_.sizes_asked;
        std::variant<std::uint64_t, Refusal> answer = Refusal::not_found;
        const auto found = catalogue_.files.find(name);
        if (found != catalogue_.files.end()) answer = found->second.size();
        co_return answer;
    }
    awaitable<std::variant<Source, Refusal>> open(std::string name) override {
        std::variant<Source, Refusal> answer = Refusal::not_found;
        const auto found = catalogue_.files.find(name);
        if (found == catalogue_.files.end()) co_return answer;
        const auto& text = found->second;
        Source source;
        source.size = text.size();
        source.granularity = catalogue_.granularity;
        // "short" has lost its second half since its size was told.
        const auto there = name == "short" ? text.size() / 2 : text.size();
        source.file = memory_file(std::string_view(text).substr(0, there));
        answer = std::move(source);
        co_return answer;
    }
    void sent(std::uint64_t bytes) noexcept override { catalogue_.sent += bytes; }

    awaitable<std::variant<Space, Refusal>> store(std::string name) override {
        std::variant<Space, Refusal> answer = Refusal::not_found;
        const auto found = catalogue_.spaces.find(name);
        if (found == catalogue_.spaces.end()) co_return answer;
        storing_ = name;
        auto space = found->second;
        space.stored = catalogue_.files[name].size();
        answer = space;
        co_return answer;
    }
    awaitable<Received> receive(Incoming incoming) override {
        if (storing_ == "thrower") throw std::runtime_error("a visitor's own trouble");
        if (catalogue_.taker) {
            auto taken = catalogue_.taker(std::move(incoming));
            co_return co_await std::move(taken);
        }
        ++catalogue_.receiving;
        if (catalogue_.begun) co_await catalogue_.begun();
        auto& text = catalogue_.files[storing_];
        text.resize(static_cast<std::size_t>(incoming.offset));
        const Take take = [&](std::string_view bytes, std::uint64_t position) {
            BOOST_TEST(position == text.size());
            if (text.size() + bytes.size() > catalogue_.room) return DataEnd::no_room;
            text += bytes;
            return DataEnd::whole;
        };
        auto received = co_await two_path::ftp::receive(std::move(incoming), take);
        if (catalogue_.owed) co_await catalogue_.owed();
        if (received.end == DataEnd::whole) received.end = catalogue_.verdict;
        --catalogue_.receiving;
        co_return received;
    }

  private:
    Catalogue& catalogue_;
    std::string storing_;
};

} // namespace

std::string pattern(std::size_t size) {
    std::string text(size, '\0');
    std::uint32_t x = 1;
    for (auto& c : text) {
        x = x * 1664525U + 1013904223U;
        c = static_cast<char>(x >> 24U);
    }
    return text;
}

Descriptor memory_file(std::string_view content) {
    Descriptor file(::memfd_create("payload", MFD_CLOEXEC));
    while (!content.empty()) {
        const auto count = ::write(file.get(), content.data(), content.size());
        BOOST_REQUIRE(count > 0);
        content.remove_prefix(static_cast<std::size_t>(count));
    }
    return file;
}

awaitable<void> until(std::function<bool()> condition) {
    while (!condition())
        co_await sleep(milliseconds(1));
}

std::unique_ptr<Visitor> Catalogue::connected(const Peer&, ConnectionHandle handle) {
    handles.push_back(std::move(handle));
    if (!welcome) return nullptr;
    return std::make_unique<Guest>(*this);
}

World::World(ServerOptions options, const char* address)
  : server(std::make_unique<Server>(io.get_executor(), catalogue, std::move(options))) {
    const auto ec = server->listen({asio::ip::make_address(address), 0});
    BOOST_REQUIRE_MESSAGE(!ec, ec.message());
    endpoint = server->local_endpoint();
}

void World::run(const Test& test) {
    asio::steady_timer watchdog(io, too_long);
    watchdog.async_wait([&](error_code ec) {
        if (!ec) io.stop();
    });
    std::exception_ptr failure;
    bool done = false;
    const auto whole = [&]() -> awaitable<void> {
        try {
            co_await test();
        } catch (...) {
            failure = std::current_exception();
        }
        co_await server->stop(milliseconds(0));
        done = true;
        watchdog.cancel();
    };
    asio::co_spawn(io, whole, [](const std::exception_ptr&) {});
    io.run();
    if (failure) std::rethrow_exception(failure);
    BOOST_TEST_REQUIRE(done, "the test took too long");
    BOOST_TEST(server->connections() == 0U);
    BOOST_TEST(catalogue.visitors == 0U);
    BOOST_TEST(catalogue.receiving == 0U);
}

awaitable<void> dial(tcp::socket& socket, tcp::endpoint to, const char* source) {
    socket.open(to.protocol());
    if (source != nullptr) socket.bind({asio::ip::make_address(source), 0});
    co_await socket.async_connect(to, asio::use_awaitable);
}

awaitable<bool> write_all(tcp::socket& socket, std::string text) {
    error_code ec;
    co_await asio::async_write(socket, asio::buffer(text), into(ec));
    co_return !ec;
}

awaitable<std::string> read_all(tcp::socket& socket) {
    std::string text;
    error_code ec;
    co_await asio::async_read(socket, asio::dynamic_buffer(text), into(ec));
    co_return text;
}

awaitable<void> sleep(milliseconds time) {
    const auto executor = co_await asio::this_coro::executor;
    asio::steady_timer timer(executor, time);
    co_await timer.async_wait(asio::use_awaitable);
}

awaitable<void> Talker::connect(tcp::endpoint server, const char* source, bool banner) {
    co_await dial(socket, server, source);
    if (!banner) co_return;
    const auto text = co_await reply();
    BOOST_TEST(text == "220 Ready.");
}

awaitable<void> Talker::login(tcp::endpoint server) {
    co_await connect(server);
    co_await expect("USER user", "331 Password for user.");
    co_await expect("PASS right", "230 Welcome.");
    co_await expect("TYPE I", "200");
}

awaitable<bool> Talker::send(std::string text) {
    error_code ec;
    co_await asio::async_write(socket, asio::buffer(text), into(ec));
    co_return !ec;
}

awaitable<std::string> Talker::reply() {
    for (;;) {
        error_code ec;
        const auto size =
            co_await asio::async_read_until(socket, asio::dynamic_buffer(buffer_), "\r\n", into(ec));
        if (ec) co_return "closed";
        auto line = buffer_.substr(0, size - 2);
        buffer_.erase(0, size);
        if (line.size() > 3 && line[0] != ' ' && line[3] == ' ') co_return line;
    }
}

awaitable<std::string> Talker::say(std::string line) {
    co_await send(line + "\r\n");
    auto text = co_await reply();
    co_return text;
}

awaitable<void> Talker::expect(std::string line, std::string begin) {
    const auto text = co_await say(line);
    BOOST_TEST_CONTEXT(line << " -> " << text) BOOST_TEST(text.substr(0, begin.size()) == begin);
}

awaitable<std::uint16_t> Talker::passive_port() {
    const auto text = co_await say("EPSV");
    const auto port = parse_extended_passive(text);
    BOOST_REQUIRE_MESSAGE(port, text);
    co_return *port;
}

awaitable<tcp::socket> Talker::data(const char* source) {
    const auto port = co_await passive_port();
    const auto server = socket.remote_endpoint().address();
    tcp::socket data(io_);
    co_await dial(data, tcp::endpoint(server, port), source);
    co_return std::move(data);
}

} // namespace two_path::ftp::test
