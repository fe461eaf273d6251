#include "update-module/bulk/connection_helper.hpp"

#include "update-module/bulk/ftp_child.hpp"
#include "update-module/bulk/ftp_listener_child.hpp"
#include "update-module/bulk/packet_socket.hpp"

#include <array>
#include <csignal>
#include <cstdlib>
#include <dirent.h>
#include <fcntl.h>
#include <optional>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

namespace two_path::bulk {
namespace {

using ftp::Descriptor;

constexpr milliseconds reply_time{5'000}; ///< of a process that does nothing else

/// To the helper: with a socket "start a worker on it", else "end the worker".
struct HelperOrder {
    WorkerRole role{WorkerRole::client};
};
struct HelperReply {
    bool started{false};
    double cpu_seconds{0};
};

/// Closes all but standard error and `kept`; standard input and output become empty.
void close_others(int kept) {
    if (const int nothing = ::open("/dev/null", O_RDWR | O_CLOEXEC); nothing >= 0) {
        ::dup2(nothing, STDIN_FILENO);
        ::dup2(nothing, STDOUT_FILENO);
    }
    std::vector<int> open;
    if (auto* folder = ::opendir("/proc/self/fd")) {
        while (const auto* entry = ::readdir(folder))
            if (entry->d_name[0] != '.')
                open.push_back(static_cast<int>(std::strtol(entry->d_name, nullptr, 10)));
        ::closedir(folder);
    }
    for (const int descriptor : open)
        if (descriptor > STDERR_FILENO && descriptor != kept) ::close(descriptor);
}

/// The parent ends its children; the signals that Mender sends to the whole group are the parent's to hear.
void become_child(pid_t parent) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(1);
    ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    for (const int signal : {SIGTERM, SIGINT, SIGHUP, SIGPIPE})
        ::signal(signal, SIG_IGN);
}

double seconds(const timeval& time) {
    constexpr double micro = 1e-6;
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * micro;
}

double cpu_so_far() {
    double total = 0;
    for (const auto whose : {RUSAGE_SELF, RUSAGE_CHILDREN}) {
        rusage usage{};
        ::getrusage(whose, &usage);
        total += seconds(usage.ru_utime) + seconds(usage.ru_stime);
    }
    return total;
}

/// Returns in the helper only; -1 when there is no process to be had.
pid_t fork_worker(int helper_socket, WorkerRole role, Descriptor socket) {
    const auto helper = ::getpid();
    const auto worker = ::fork();
    if (worker != 0) return worker;
    ::close(helper_socket);
    become_child(helper);
    if (role == WorkerRole::server) run_ftp_listener_child(std::move(socket));
    ::_exit(run_ftp_child(std::move(socket)));
}

void end(pid_t& worker) {
    if (worker <= 0) return;
    ::kill(worker, SIGKILL);
    ::waitpid(worker, nullptr, 0);
    worker = -1;
}

void run_helper(int socket) {
    const Deadline never(Deadline::Clock::time_point::max());
    pid_t worker = -1;
    for (;;) {
        HelperOrder order;
        Descriptor worker_socket;
        const auto receipt = receive_packet(socket, order, worker_socket, never);
        end(worker);
        if (receipt != Receipt::packet) return;
        if (worker_socket) worker = fork_worker(socket, order.role, std::move(worker_socket));
        if (!send_packet(socket, HelperReply{worker > 0, cpu_so_far()})) return;
    }
}

} // namespace

Result<ConnectionHelper> ConnectionHelper::start() {
    auto sockets = make_packet_sockets();
    if (!sockets) return fail(Errc::io_error, "no socket pair for the second path's process");
    const auto module = ::getpid();
    const auto child = ::fork();
    if (child < 0) return fail(Errc::io_error, "no process for the second path");
    if (child == 0) {
        become_child(module);
        close_others(sockets->second.get());
        run_helper(sockets->second.get());
        ::_exit(0);
    }
    return ConnectionHelper(std::move(sockets->first), child);
}

ConnectionHelper::ConnectionHelper(Descriptor socket, pid_t child) noexcept
  : socket_(std::move(socket))
  , child_(child) {}

ConnectionHelper::ConnectionHelper(ConnectionHelper&& other) noexcept
  : socket_(std::move(other.socket_))
  , child_(std::exchange(other.child_, -1))
  , cpu_seconds_(other.cpu_seconds_) {}

ConnectionHelper::~ConnectionHelper() {
    if (child_ <= 0) return;
    ::shutdown(socket_.get(), SHUT_WR);
    HelperReply reply;
    Descriptor none;
    // It closes its end when it is done; one that does not is ended.
    if (receive_packet(socket_.get(), reply, none, Deadline::in(reply_time)) != Receipt::closed)
        ::kill(child_, SIGKILL);
    ::waitpid(child_, nullptr, 0);
}

bool ConnectionHelper::order(WorkerRole role, int worker_socket) noexcept {
    HelperReply reply;
    Descriptor none;
    if (!send_packet(socket_.get(), HelperOrder{role}, worker_socket) ||
        receive_packet(socket_.get(), reply, none, Deadline::in(reply_time)) != Receipt::packet)
        return false;
    cpu_seconds_ = reply.cpu_seconds;
    return reply.started;
}

Result<Descriptor> ConnectionHelper::start_worker(WorkerRole role) {
    auto sockets = make_packet_sockets();
    if (!sockets) return fail(Errc::io_error, "no socket pair for a connection of the second path");
    if (!order(role, sockets->second.get()))
        return fail(Errc::io_error, "no process for a connection of the second path");
    return std::move(sockets->first);
}

void ConnectionHelper::end_worker() noexcept {
    order(WorkerRole::client, -1);
}

} // namespace two_path::bulk
