// The module's program when it is told to end, or left alone: nothing of it and of its installer stays
// behind.
#include "tests/unit/update-module/state/device.hpp"

#include "ftp/descriptor.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <csignal>

#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>

using namespace two_path;
using tests::Device;
using tests::put;

BOOST_AUTO_TEST_SUITE(ending)

namespace {

using Clock = std::chrono::steady_clock;

/// An installer that never ends by itself; whether it and what it started live, shows in a FIFO.
struct Hanging {
    Device device;
    std::string alive{(device.folder / "alive").string()};
    ftp::Descriptor reader;

    explicit Hanging(const std::string& trap) {
        BOOST_REQUIRE(::mkfifo(alive.c_str(), 0600) == 0);
        reader = ftp::Descriptor(::open(alive.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
        device.add_inner(trap + "\n(echo; exec tail -f /dev/null) > " + alive +
                         " &\nwait; exec tail -f /dev/null");
    }

    /// Starts `program` with `arguments` and waits until the installer runs.
    [[nodiscard]] pid_t start(std::vector<std::string> arguments) const {
        const auto pid = ::fork();
        if (pid == 0) {
            ::setenv("TWO_PATH_CONF", device.conf.c_str(), 1);
            std::vector<char*> words;
            for (auto& argument : arguments)
                words.push_back(argument.data());
            words.push_back(nullptr);
            ::execv(words[0], words.data());
            ::_exit(127);
        }
        pollfd wait{reader.get(), POLLIN, 0};
        BOOST_REQUIRE(::poll(&wait, 1, 30'000) == 1);
        char started = 0;
        BOOST_REQUIRE(::read(reader.get(), &started, 1) == 1);
        return pid;
    }

    /// The FIFO's end, which comes with the last process that has it open.
    [[nodiscard]] bool is_gone_within(std::chrono::seconds time) const {
        pollfd wait{reader.get(), 0, 0};
        return ::poll(&wait, 1, static_cast<int>(time.count()) * 1000) == 1 && (wait.revents & POLLHUP) != 0;
    }
};

} // namespace

BOOST_AUTO_TEST_CASE(told_to_end_it_takes_the_installer_with_it) {
    for (const char* trap : {"", "trap '' TERM"}) {
        const Hanging hanging(trap);
        const auto module = hanging.start({MODULE_PROGRAM, "ArtifactFailure", hanging.device.tree});
        const auto start = Clock::now();
        ::kill(module, SIGTERM);
        int status = 0;
        BOOST_REQUIRE(::waitpid(module, &status, 0) == module);
        BOOST_TEST(WIFEXITED(status));
        BOOST_TEST(WEXITSTATUS(status) == 1);
        // The 5.x clients send SIGKILL after 10 s.
        BOOST_TEST((Clock::now() - start < std::chrono::seconds{9}));
        BOOST_TEST(hanging.is_gone_within(std::chrono::seconds{1}));
    }
}

BOOST_AUTO_TEST_CASE(when_the_client_is_gone_it_ends_so_that_cleanup_can_start) {
    const Hanging hanging("");
    const auto client = hanging.start(
        {"/bin/sh", "-c", "\"$0\" ArtifactFailure \"$1\"; :", MODULE_PROGRAM, hanging.device.tree});
    ::kill(client, SIGKILL);
    BOOST_REQUIRE(::waitpid(client, nullptr, 0) == client);
    BOOST_TEST(hanging.is_gone_within(std::chrono::seconds{15}));
    hanging.device.add_inner("exit 0");
    const auto cleanup = hanging.device.call("Cleanup");
    BOOST_TEST(cleanup.exit_code == 0, cleanup.output);
}

BOOST_AUTO_TEST_CASE(report_ends_in_time_when_the_plugin_never_answers) {
    const ftp::Descriptor silent(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    BOOST_REQUIRE(::bind(silent.get(), reinterpret_cast<sockaddr*>(&address), size) == 0);
    BOOST_REQUIRE(::listen(silent.get(), 8) == 0);
    BOOST_REQUIRE(::getsockname(silent.get(), reinterpret_cast<sockaddr*>(&address), &size) == 0);
    const Device device({{"server_url", "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port))},
                         {"token_command", json::array{"/bin/echo", "token"}}});
    const auto owed = put(device.state + "/owed/000000000001.json",
                          R"({"session":"AAAAAAAAAAAAAAAAAAAAAA","progress":{"state":"committed"}})");
    const auto start = Clock::now();
    BOOST_TEST(device.command({"report"}).exit_code == 0);
    BOOST_TEST((Clock::now() - start < std::chrono::seconds{6}));
    BOOST_TEST(std::filesystem::exists(owed));
}

BOOST_AUTO_TEST_SUITE_END()
