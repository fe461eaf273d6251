#include "update-module/resolve.hpp"

#include "ftp/descriptor.hpp"
#include "update-module/process.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <sstream>

#include <arpa/inet.h>
#include <fcntl.h>
#include <net/if.h>
#include <netdb.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace two_path::device {
namespace {

using ftp::Descriptor;

constexpr std::size_t max_addresses = 8;
constexpr std::size_t max_answer = 1024;
constexpr int look_around_ms = 250;

bool is_address(const std::string& host) {
    in6_addr address{};
    return ::inet_pton(AF_INET, host.c_str(), &address) == 1 ||
           ::inet_pton(AF_INET6, host.c_str(), &address) == 1;
}

/// In the child: one address a line.
std::string addresses_of(const std::string& host) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    if (::getaddrinfo(host.c_str(), nullptr, &hints, &found) != 0) return {};
    std::string lines;
    std::array<char, NI_MAXHOST> text{};
    for (std::size_t count = 0; found != nullptr && count < max_addresses; found = found->ai_next, ++count)
        if (::getnameinfo(found->ai_addr, found->ai_addrlen, text.data(), text.size(), nullptr, 0,
                          NI_NUMERICHOST) == 0)
            lines.append(with_numeric_scope(text.data())).append("\n");
    return lines;
}

[[noreturn]] void run_child(int output, const std::string& host, pid_t parent) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(1);
    const auto lines = addresses_of(host);
    const auto written = ::write(output, lines.data(), lines.size());
    ::_exit(written == static_cast<ssize_t>(lines.size()) ? 0 : 1);
}

/// All that the child writes.
Result<std::string> read_answer(int input, const std::string& host, Deadline deadline,
                                const std::function<bool()>& stop) {
    const auto what = "the address of " + host;
    std::string answer;
    for (;;) {
        if (auto may = may_wait(deadline, what); !may) return may.error();
        if (stop && stop()) return fail(Errc::interrupted, "while waiting for " + what);
        pollfd wait{input, POLLIN, 0};
        if (::poll(&wait, 1, look_around_ms) > 0) {
            std::array<char, max_answer> some{};
            const auto got = ::read(input, some.data(), some.size());
            if (got < 0 && errno == EINTR) continue;
            if (got <= 0 || answer.size() > max_answer) return answer;
            answer.append(some.data(), static_cast<std::size_t>(got));
        }
    }
}

} // namespace

Result<std::vector<std::string>> resolve(const std::string& host, Deadline deadline,
                                         const std::function<bool()>& stop) {
    if (is_address(host)) return std::vector{host};
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0)
        return fail(Errc::plugin_unreachable, "no pipe for the resolver");
    const Descriptor input(ends[0]);
    Descriptor output(ends[1]);
    const auto parent = ::getpid();
    const auto child = ::fork();
    if (child < 0) return fail(Errc::plugin_unreachable, "no process for the resolver");
    if (child == 0) run_child(output.get(), host, parent);
    output = Descriptor();
    const auto answer = read_answer(input.get(), host, deadline, stop);
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    if (!answer && answer.error().code == Errc::interrupted) return answer.error();
    std::vector<std::string> addresses;
    std::istringstream lines(answer ? *answer : std::string());
    for (std::string line; std::getline(lines, line);)
        addresses.push_back(line);
    if (addresses.empty()) return fail(Errc::plugin_unreachable, "cannot resolve " + host);
    return addresses;
}

std::string with_numeric_scope(const std::string& address) {
    const auto percent = address.find('%');
    if (percent == std::string::npos) return address;
    const auto number = ::if_nametoindex(address.c_str() + percent + 1);
    return number == 0 ? address : address.substr(0, percent + 1) + std::to_string(number);
}

} // namespace two_path::device
