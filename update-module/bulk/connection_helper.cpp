#include "update-module/bulk/connection_helper.hpp"

#include "update-module/bulk/confinement.hpp"
#include "update-module/bulk/ftp_child.hpp"
#include "update-module/bulk/ftp_listener_child.hpp"
#include "update-module/bulk/packet_socket.hpp"
#include "update-module/bulk/packet_text.hpp"

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
    int worker_status{0}; ///< as waitpid(2) has it, of the worker that the order ended
    double cpu_seconds{0};
};
/// Before the first order.
struct HelperReady {
    PacketText lacking;
};

/// Closes all but `kept`; what is standard becomes empty. Standard error is Mender's log, which is not for
/// who talks FTP to write; a sanitizer's report goes there all the same.
void close_others(int kept) {
    if (const int nothing = ::open("/dev/null", O_RDWR | O_CLOEXEC); nothing >= 0) {
        ::dup2(nothing, STDIN_FILENO);
        ::dup2(nothing, STDOUT_FILENO);
        if (!is_sanitized()) ::dup2(nothing, STDERR_FILENO);
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
    give_up_processes();
    if (can_filter_calls() && !filter_calls(role)) ::_exit(1);
    if (role == WorkerRole::server) run_ftp_listener_child(std::move(socket));
    ::_exit(run_ftp_child(std::move(socket)));
}

/// Gives its status; of one that had ended already, how it did.
int end(pid_t& worker) {
    int status = 0;
    if (worker <= 0) return status;
    ::kill(worker, SIGKILL);
    ::waitpid(worker, &status, 0);
    worker = -1;
    return status;
}

void run_helper(int socket, const std::string& lacking) {
    if (!send_packet(socket, HelperReady{PacketText(lacking)})) return;
    const Deadline never(Deadline::Clock::time_point::max());
    pid_t worker = -1;
    for (;;) {
        HelperOrder order;
        Descriptor worker_socket;
        const auto receipt = receive_packet(socket, order, worker_socket, never);
        const auto status = end(worker);
        if (receipt != Receipt::packet) return;
        if (worker_socket) worker = fork_worker(socket, order.role, std::move(worker_socket));
        if (!send_packet(socket, HelperReply{worker > 0, status, cpu_so_far()})) return;
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
        close_others(sockets->second.get());
        const auto lacking = give_up_rights();
        become_child(module);
        run_helper(sockets->second.get(), lacking);
        ::_exit(0);
    }
    sockets->second = Descriptor();
    ConnectionHelper helper(std::move(sockets->first), child);
    if (!helper.hear_first()) return fail(Errc::io_error, "the process for the second path does not start");
    return helper;
}

ConnectionHelper::ConnectionHelper(Descriptor socket, pid_t child) noexcept
  : socket_(std::move(socket))
  , child_(child) {}

ConnectionHelper::ConnectionHelper(ConnectionHelper&& other) noexcept
  : socket_(std::move(other.socket_))
  , child_(std::exchange(other.child_, -1))
  , lacking_(std::move(other.lacking_))
  , worker_status_(other.worker_status_)
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

bool ConnectionHelper::hear_first() noexcept {
    HelperReady ready;
    Descriptor none;
    if (receive_packet(socket_.get(), ready, none, Deadline::in(reply_time)) != Receipt::packet) return false;
    lacking_ = ready.lacking.text();
    return true;
}

bool ConnectionHelper::order(WorkerRole role, int worker_socket) noexcept {
    HelperReply reply;
    Descriptor none;
    if (!send_packet(socket_.get(), HelperOrder{role}, worker_socket) ||
        receive_packet(socket_.get(), reply, none, Deadline::in(reply_time)) != Receipt::packet)
        return false;
    worker_status_ = reply.worker_status;
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

std::string ConnectionHelper::end_worker() {
    worker_status_ = 0;
    order(WorkerRole::client, -1);
    const int signal = WIFSIGNALED(worker_status_) ? WTERMSIG(worker_status_) : 0;
    if (signal == 0 || signal == SIGKILL) return {};
    if (signal == SIGSYS)
        return "the process that talks FTP was ended for a system call that it may not make; someone on the "
               "second path may have tried to take it over";
    return "the process that talks FTP was ended by signal " + std::to_string(signal);
}

} // namespace two_path::bulk
