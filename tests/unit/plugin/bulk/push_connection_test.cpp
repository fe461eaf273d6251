// Push's plugin side against a device that has the certification, and is not to be trusted with anything
// else.
#include "plugin/bulk/push_connection.hpp"
#include "tests/support/plugin_world.hpp"

#include <boost/asio/detached.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <boost/test/unit_test.hpp>

#include <chrono>
#include <vector>

namespace two_path::tests {
BOOST_AUTO_TEST_SUITE(push_connection)

namespace {

using boost::asio::ip::tcp;
using boost::system::error_code;
using std::chrono::milliseconds;

constexpr std::size_t small = 1U << 20U;
constexpr std::size_t large = 24U << 20U; // more than both kernels' buffers hold
constexpr std::uint64_t block = Descriptor::min_block;

/// What the device does once it is logged in to.
struct Script {
    /// The answer to the nth SIZE, from 1 on; empty: none comes.
    std::string (*size)(std::uint64_t time);
    /// What it does with a data connection; the answer, empty: it closes the control connection.
    awaitable<std::string> (*take)(tcp::socket& data);
    bool listens{true};       ///< at its data port
    bool talks_on{false};     ///< says the answer to SIZE again and again
    milliseconds patience{0}; ///< of the plugin, for a reply and for bytes to move; 0: as ever
    std::size_t bytes{small}; ///< of the file
};

std::string holds_nothing(std::uint64_t) {
    return "213 0\r\n";
}

awaitable<std::string> takes_all(tcp::socket& data) {
    std::string bytes;
    error_code ec;
    const auto buffer = boost::asio::dynamic_buffer(bytes);
    while (!ec)
        co_await boost::asio::async_read_until(data, buffer, "never in a file of one letter", into(ec));
    co_return "226 Stored.\r\n";
}

awaitable<std::string> refuses(tcp::socket&) {
    co_return "451 The file is not what it should be.\r\n";
}

awaitable<std::string> reads_nothing(tcp::socket&) {
    co_return "226 Stored.\r\n";
}

awaitable<std::string> leaves(tcp::socket& data) {
    char byte = 0;
    error_code ec;
    co_await data.async_read_some(boost::asio::buffer(&byte, 1), into(ec));
    co_return std::string();
}

control::SessionRules push_is_served() {
    control::SessionRules rules{"ftp.example", 2121, std::chrono::hours(1)};
    rules.push.served = true;
    return rules;
}

/// One visit of the plugin, and the device that it finds.
class Visit {
  public:
    explicit Visit(const Script& script)
      : script_(script)
      , world_(push_is_served()) {
        const auto descriptor = world_.describe("app-2.0", "2.0", std::string(script.bytes, 'x'));
        file_ = descriptor.files.front().id;
        world_.publish(descriptor);
        world_.deploy("device-1", descriptor, "deployment-1");
        auto asked = PluginWorld::request(descriptor);
        asked.mode = Mode::push;
        asked.receiver =
            messages::Receiver{"192.0.2.9", 40000}; // loopback is refused, so it is only told here
        const auto reply = world_.open("device-1", asked).value();
        world_.sessions().stored("device-1", reply.session).value();
        login_.session = reply.session;
        certification_ = Certification::parse(*reply.certification);
        data_.open(tcp::v4());
        data_.bind(tcp::endpoint(boost::asio::ip::address_v4::loopback(), 0));
        if (script_.listens) data_.listen();
    }
    Visit(const Visit&) = delete;
    Visit& operator=(const Visit&) = delete;

    /// What PushConnection says of it.
    std::string told() {
        boost::asio::co_spawn(loop_, serve(), boost::asio::detached);
        const bulk::PushOrder order{login_.session,
                                    {"127.0.0.1", control_.local_endpoint().port()},
                                    {1024, 65535},
                                    {{file_, script_.bytes}}};
        ftp::ClientOptions options;
        if (script_.patience.count() != 0) options.reply_time = options.data_progress_time = script_.patience;
        const auto executor = loop_.get_executor();
        bulk::PushConnection connection({executor, executor, executor}, world_.admission(), world_.payloads(),
                                        order, options);
        std::optional<std::string> why;
        std::exception_ptr thrown;
        const auto ended = [&](const std::exception_ptr& error, std::string text) {
            thrown = error;
            why = std::move(text);
        };
        boost::asio::co_spawn(loop_, connection.deliver([] {}), ended);
        const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
        while (!why && std::chrono::steady_clock::now() < end)
            loop_.run_one_until(end);
        BOOST_REQUIRE_MESSAGE(why, "the visit does not end");
        if (thrown) std::rethrow_exception(thrown);
        return *why;
    }

    std::uint64_t stored{0}; ///< how often the plugin began to send
    std::uint64_t talked{0}; ///< bytes that it took of what was said again and again

  private:
    awaitable<void> serve() {
        error_code ec;
        tcp::socket socket(loop_);
        co_await control_.async_accept(socket, into(ec));
        std::string heard;
        std::string text = "220 Here.\r\n";
        while (!ec) {
            co_await boost::asio::async_write(socket, boost::asio::buffer(text), into(ec));
            while (!ec && script_.talks_on && asked_ > 0) {
                talked += text.size();
                co_await boost::asio::async_write(socket, boost::asio::buffer(text), into(ec));
            }
            if (ec) co_return;
            const auto buffer = boost::asio::dynamic_buffer(heard);
            const auto size = co_await boost::asio::async_read_until(socket, buffer, "\r\n", into(ec));
            if (ec) co_return;
            const auto line = heard.substr(0, size - 2);
            heard.erase(0, size);
            if (line.starts_with("STOR ")) {
                text = co_await store(socket);
                if (text.empty()) co_return;
            } else {
                text = answer(line);
            }
        }
    }

    std::string answer(const std::string& line) {
        const auto argument = line.substr(std::min(line.find(' ') + 1, line.size()));
        if (line.starts_with("USER ")) {
            login_.client_nonce = argument.substr(argument.find('.') + 1);
            return "331 certify " + login_.server_nonce + "\r\n";
        }
        if (line.starts_with("PASS ")) {
            BOOST_TEST(certification_->proves(argument, Party::plugin, login_.input()));
            return "230 " + certification_->proof(Party::device, login_.input()) + "\r\n";
        }
        if (line.starts_with("SIZE ")) return script_.size(++asked_);
        if (line == "EPSV")
            return "229 Here (|||" + std::to_string(data_.local_endpoint().port()) + "|).\r\n";
        if (line.starts_with("REST ")) return "350 Go on.\r\n";
        return line == "QUIT" ? "221 Bye.\r\n" : "200 Well.\r\n";
    }

    awaitable<std::string> store(tcp::socket& control) {
        ++stored;
        error_code ec;
        tcp::socket data(loop_);
        co_await data_.async_accept(data, into(ec));
        const std::string go = "150 Go.\r\n";
        co_await boost::asio::async_write(control, boost::asio::buffer(go), into(ec));
        auto reply = co_await script_.take(data);
        if (script_.take == reads_nothing) kept_ = std::move(data); // open, and unread
        co_return reply;
    }

    Script script_;
    PluginWorld world_;
    std::string file_;
    Login login_{Mode::push, {}, {}, make_nonce()};
    std::optional<Certification> certification_;
    std::uint64_t asked_{0}; ///< SIZE
    boost::asio::io_context loop_{1};
    tcp::acceptor control_{loop_, tcp::endpoint(boost::asio::ip::address_v4::loopback(), 0)};
    tcp::acceptor data_{loop_};
    tcp::socket kept_{loop_};
};

bool has(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

} // namespace

BOOST_AUTO_TEST_CASE(a_device_that_lies_is_left_with_a_reason) {
    struct Row {
        const char* name;
        Script script;
        const char* part; ///< of the reason
        std::uint64_t stored;
    };
    const auto holds_more = [](std::uint64_t) { return "213 " + std::to_string(small + 1) + "\r\n"; };
    const auto goes_back = [](std::uint64_t time) {
        return "213 " + std::to_string(time == 1 ? 2 * block : block) + "\r\n";
    };
    const auto takes_no_more = [](std::uint64_t) { return "213 " + std::to_string(block) + "\r\n"; };
    const auto no_number = [](std::uint64_t) -> std::string { return "213 all\r\n"; };
    const auto beyond_all_numbers = [](std::uint64_t) -> std::string {
        return "213 99999999999999999999\r\n";
    };
    const auto silent = [](std::uint64_t) -> std::string { return ""; };
    const milliseconds soon{100};
    const Row table[] = {
        {"holds more than the file has", {holds_more, takes_all}, "says that it holds 1048577 bytes", 0},
        {"goes backwards", {goes_back, refuses}, "(451 The file is not what it should be.)", 1},
        {"takes all and asks again", {takes_no_more, takes_all}, "asks for the same bytes again", 1},
        {"a size that is none", {no_number, takes_all}, "not an FTP reply", 0},
        {"a size beyond all numbers", {beyond_all_numbers, takes_all}, "not an FTP reply", 0},
        {"does not answer", {silent, takes_all, true, false, soon}, "did not answer in time", 0},
        {"closes in the middle", {holds_nothing, leaves}, "lost before the transfer's result", 1},
        {"does not listen for data", {holds_nothing, takes_all, false}, "refused", 0},
        {"thanks for what it did not read",
         {holds_nothing, reads_nothing, true, false, soon, large},
         "lost before the transfer's result",
         1},
    };
    for (const auto& row : table) {
        BOOST_TEST_CONTEXT(row.name) {
            Visit visit(row.script);
            const auto why = visit.told();
            BOOST_TEST(has(why, row.part), why);
            BOOST_TEST(has(why, "127.0.0.1 port "), why);
            BOOST_TEST(visit.stored == row.stored);
        }
    }
}

BOOST_AUTO_TEST_CASE(a_device_that_does_not_stop_talking_is_not_listened_to) {
    const auto lines = [](std::uint64_t) -> std::string { return "213-0\r\n"; };
    const auto one_line = [](std::uint64_t) { return std::string(4096, '2'); };
    for (auto* said : {+lines, +one_line}) {
        Visit visit({said, takes_all, true, true});
        const auto why = visit.told();
        BOOST_TEST(has(why, "the reply is too long"), why);
        BOOST_TEST(visit.talked < 16U << 20U); // what the kernels hold, no more
    }
}

BOOST_AUTO_TEST_CASE(a_device_that_always_has_one_block_more_and_refuses_all_is_no_endless_work) {
    const auto grows = [](std::uint64_t time) {
        return "213 " + std::to_string((time - 1) * block) + "\r\n";
    };
    Visit visit({grows, refuses});
    BOOST_TEST(visit.told() == "");
    BOOST_TEST(visit.stored == small / block);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace two_path::tests
