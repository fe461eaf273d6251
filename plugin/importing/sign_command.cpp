#include "plugin/importing/sign_command.hpp"

#include "ftp/descriptor.hpp"
#include "protocol/encoding.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <optional>

#include <poll.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace two_path::importing {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

/// Of base64; RSA of 8192 bits takes 1368.
constexpr std::size_t max_signature = 4096;

/// A child that is not left behind, nor what it started.
class Child {
  public:
    explicit Child(pid_t id)
      : id_(id) {}
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;
    ~Child() {
        if (id_ <= 0) return;
        ::kill(-id_, SIGKILL);
        static_cast<void>(wait(0));
    }

    /// The wait status once it has ended; none: not yet.
    std::optional<int> wait(int options) {
        int status = 0;
        pid_t ended = 0;
        do
            ended = ::waitpid(id_, &status, options);
        while (ended < 0 && errno == EINTR);
        if (ended == 0) return std::nullopt;
        id_ = 0;
        return status;
    }

  private:
    pid_t id_;
};

/// Its standard input and output are one socket, of which this is our end.
struct Started {
    pid_t id{0};
    ftp::Descriptor socket;
};

Result<Started> start(const std::filesystem::path& command, const std::string& shown) {
    std::array<int, 2> ends{};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0)
        return fail(Errc::unavailable, shown + " cannot be run: " + std::strerror(errno));
    Started started;
    started.socket = ftp::Descriptor(ends[0]);
    const ftp::Descriptor theirs(ends[1]);
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    std::string path = command.string();
    std::array<char*, 2> arguments{path.data(), nullptr};
    const int failed =
        ::posix_spawn(&started.id, path.c_str(), &actions, &attributes, arguments.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    const bool for_now = failed == EAGAIN || failed == ENOMEM;
    if (failed != 0)
        return fail(for_now ? Errc::unavailable : Errc::bad_configuration,
                    shown + " cannot be run: " + std::strerror(failed));
    return started;
}

/// False: the deadline has come.
bool wait_for(int descriptor, short events, steady_clock::time_point deadline) {
    for (;;) {
        const auto left = std::chrono::duration_cast<milliseconds>(deadline - steady_clock::now()).count();
        if (left <= 0) return false;
        pollfd watched{descriptor, events, 0};
        const int ready = ::poll(&watched, 1, static_cast<int>(left));
        if (ready > 0) return true;
        if (ready < 0 && errno != EINTR) return false;
    }
}

/// Sends the manifest, ends the input, and reads what comes until the end.
std::optional<std::string> converse(int socket, std::string_view manifest,
                                    steady_clock::time_point deadline) {
    while (!manifest.empty()) {
        if (!wait_for(socket, POLLOUT, deadline)) return std::nullopt;
        const auto sent = ::send(socket, manifest.data(), manifest.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent > 0) manifest.remove_prefix(static_cast<std::size_t>(sent));
        if (sent < 0 && errno != EAGAIN && errno != EINTR) break; // it has read enough, or has ended
    }
    ::shutdown(socket, SHUT_WR);
    std::string said;
    std::array<char, max_signature> piece{};
    while (said.size() <= max_signature) {
        if (!wait_for(socket, POLLIN, deadline)) return std::nullopt;
        const auto got = ::recv(socket, piece.data(), piece.size(), MSG_DONTWAIT);
        if (got == 0) break;
        if (got > 0) said.append(piece.data(), static_cast<std::size_t>(got));
        if (got < 0 && errno != EAGAIN && errno != EINTR) break;
    }
    return said;
}

bool is_base64(std::string_view text) {
    return !text.empty() && text.size() <= max_signature && from_base64(text).has_value();
}

} // namespace

Result<std::string> sign_by(const std::filesystem::path& command, std::string_view manifest,
                            milliseconds patience) {
    const auto shown = "the sign_command " + command.string();
    const auto deadline = steady_clock::now() + patience;
    auto started = start(command, shown);
    if (!started) return started.error();
    Child child(started->id);
    const ftp::Descriptor ending(static_cast<int>(::syscall(SYS_pidfd_open, started->id, 0U)));
    auto said = converse(started->socket.get(), manifest, deadline);
    started->socket = ftp::Descriptor();
    const auto no_signature = fail(Errc::bad_configuration, shown + " does not give a signature in base64");
    if (said && said->size() > max_signature) return no_signature; // and goes on talking, perhaps
    // It has closed its output, so it ends soon, or is killed.
    std::optional<int> status;
    if (said && wait_for(ending.get(), POLLIN, deadline)) status = child.wait(WNOHANG);
    if (!said || !status)
        return fail(Errc::unavailable,
                    shown + " has not ended within " + std::to_string(patience.count() / 1000) + " s");
    if (!WIFEXITED(*status) || WEXITSTATUS(*status) != 0)
        return fail(Errc::bad_configuration, shown + " failed; its own words are in the log");
    while (!said->empty() && (said->back() == '\n' || said->back() == '\r'))
        said->pop_back();
    if (!is_base64(*said)) return no_signature;
    return std::move(*said);
}

} // namespace two_path::importing
