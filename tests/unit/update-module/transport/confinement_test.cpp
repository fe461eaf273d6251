// What a process that parses FTP could do if someone took it over: each thing is tried.
#include "tests/unit/update-module/transport/worker_process.hpp"
#include "update-module/bulk/call_filter.hpp"
#include "update-module/bulk/confinement.hpp"
#include "update-module/bulk/connection_helper.hpp"
#include "update-module/bulk/connection_messages.hpp"
#include "update-module/bulk/listener_messages.hpp"
#include "update-module/bulk/packet_socket.hpp"
#include "update-module/bulk/push_listener.hpp"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include <arpa/inet.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace two_path;
using bulk::WorkerRole;

namespace {

Deadline answer_time() {
    return Deadline::in(milliseconds(20'000));
}

/// Something to try in a process of its own: 0 when it works, else the errno.
using Attempt = int (*)();

int error_of(long result) {
    return result < 0 ? errno : 0;
}
/// Where nobody listens.
sockaddr_in somewhere() {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}
int connect_somewhere(int socket) {
    const auto address = somewhere();
    return error_of(::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address));
}
int bind_somewhere(int socket) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    return error_of(::bind(socket, reinterpret_cast<sockaddr*>(&address), sizeof address));
}
int tcp_socket() {
    return ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_TCP);
}
int connect_by_sendto() {
    const auto address = somewhere();
    return error_of(::sendto(tcp_socket(), "x", 1, MSG_FASTOPEN | MSG_NOSIGNAL,
                             reinterpret_cast<const sockaddr*>(&address), sizeof address));
}
int connect_by_sendmsg() {
    auto address = somewhere();
    char text[] = "x";
    iovec part{text, 1};
    msghdr message{};
    message.msg_name = &address;
    message.msg_namelen = sizeof address;
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    return error_of(::sendmsg(tcp_socket(), &message, MSG_FASTOPEN | MSG_NOSIGNAL));
}
int execute() {
    char program[] = "/bin/true";
    char* arguments[] = {program, nullptr};
    return error_of(::execve(program, arguments, environ));
}
int fork_one() {
    const auto child = ::fork();
    if (child == 0) ::_exit(0);
    return error_of(child);
}
int read_parent() {
    char there = 0;
    iovec local{&there, 1};
    iovec remote{&there, 1}; // it was forked: the same place
    return error_of(::process_vm_readv(::getppid(), &local, 1, &remote, 1, 0));
}
int map_code() {
    auto* code =
        ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return code == MAP_FAILED ? errno : 0;
}
int map_shared() {
    auto* memory = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return memory == MAP_FAILED ? errno : 0;
}
int make_code() {
    auto* memory = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return error_of(::mprotect(memory, 4096, PROT_READ | PROT_EXEC));
}

struct Harm {
    const char* what;
    Attempt attempt;
    int error{0};             ///< that the filter gives, with a process that lives on
    int signal{0};            ///< that ends it
    bool also_without{false}; ///< the filter: kernels of devices may have none
};
std::ostream& operator<<(std::ostream& out, const Harm& harm) {
    return out << harm.what;
}

const std::vector<Harm> harms{
    {"open a file", [] { return error_of(::open("/etc/hostname", O_RDONLY | O_CLOEXEC)); }, ENOSYS, 0, true},
    {"make a file", [] { return error_of(::open("/tmp", O_WRONLY | O_TMPFILE | O_CLOEXEC, 0600)); }, ENOSYS,
     0, true},
    {"remove a file", [] { return error_of(::unlink("/nowhere")); }, ENOSYS},
    {"execute a program", execute, 0, SIGSYS, true},
    {"start a process", fork_one, 0, SIGSYS, true},
    {"end its parent", [] { return error_of(::kill(::getppid(), 0)); }, 0, SIGSYS, true},
    {"trace its parent", [] { return error_of(::ptrace(PTRACE_ATTACH, ::getppid(), 0, 0)); }, 0, SIGSYS,
     true},
    {"read its parent's memory", read_parent, 0, SIGSYS, true},
    {"talk to services here", [] { return error_of(::socket(AF_UNIX, SOCK_STREAM, 0)); }, EAFNOSUPPORT},
    {"talk to the kernel", [] { return error_of(::socket(AF_NETLINK, SOCK_RAW, 0)); }, EAFNOSUPPORT},
    {"send datagrams", [] { return error_of(::socket(AF_INET, SOCK_DGRAM, 0)); }, EAFNOSUPPORT},
    {"become root", [] { return error_of(::setresuid(0, 0, 0)); }, ENOSYS, 0, true},
    {"be looked into", [] { return error_of(::prctl(PR_SET_DUMPABLE, 1, 0, 0, 0)); }, ENOSYS},
    {"type for the operator", [] { return error_of(::ioctl(STDERR_FILENO, TIOCSTI, "x")); }, ENOSYS},
    {"be sent signals for another", [] { return error_of(::fcntl(0, F_SETOWN, ::getpid())); }, ENOSYS},
    {"map code", map_code, ENOSYS},
    {"make memory code", make_code, ENOSYS},
    {"have memory that its limit does not count", map_shared, ENOSYS},
    {"connect as it sends", connect_by_sendto, ENOSYS},
    {"connect as it sends a message", connect_by_sendmsg, ENOSYS},
};

/// The wait status of a process that makes the attempt.
int in_a_process(const std::function<int()>& attempt) {
    const auto child = ::fork();
    BOOST_REQUIRE(child >= 0);
    if (child == 0) ::_exit(attempt());
    int status = 0;
    BOOST_REQUIRE_EQUAL(::waitpid(child, &status, 0), child);
    return status;
}

constexpr int not_confined = 255;

/// The same in one that gave up its rights before.
int without_rights(const std::function<int()>& attempt) {
    return in_a_process([&] {
        const auto lacking = bulk::give_up_rights();
        bulk::give_up_processes();
        return lacking.empty() ? attempt() : not_confined;
    });
}

/// The same behind the filter alone, which needs no root.
int behind_filter(WorkerRole role, Attempt attempt) {
    return in_a_process([&] {
        const bool can = ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && bulk::filter_calls(role);
        return can ? attempt() : not_confined;
    });
}

bool exited_with(int status, int code) {
    return WIFEXITED(status) && WEXITSTATUS(status) == code;
}
bool ended_by(int status, int signal) {
    return WIFSIGNALED(status) && WTERMSIG(status) == signal;
}

/// In a network of its own with a link-local address, which push listens on and alone admits: 0 when who
/// comes from there is greeted.
int greets_at_link_local_address() {
    if (::unshare(CLONE_NEWNET) != 0) return errno;
    if (std::system("ip link set lo up && ip -6 addr add fe80::9/64 dev lo nodad") != 0) return not_confined;
    auto helper = bulk::ConnectionHelper::start().value();
    const std::uint16_t port = 2121; // of this network: nobody else's
    const bulk::PushPath path{"fe80::9%lo", port, {}, {"fe80::9%lo"}, {}, Certification::make()};
    const auto listener = bulk::PushListener::start(helper, path, milliseconds(20'000));
    if (!listener) return EADDRNOTAVAIL;
    sockaddr_in6 there{};
    there.sin6_family = AF_INET6;
    there.sin6_port = htons(port);
    there.sin6_scope_id = ::if_nametoindex("lo");
    ::inet_pton(AF_INET6, "fe80::9", &there.sin6_addr);
    const ftp::Descriptor visitor(::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_TCP));
    char greeting = 0;
    if (::connect(visitor.get(), reinterpret_cast<const sockaddr*>(&there), sizeof there) != 0) return errno;
    pollfd answer{visitor.get(), POLLIN, 0};
    if (::poll(&answer, 1, 20'000) != 1) return ETIMEDOUT;
    const auto got = ::recv(visitor.get(), &greeting, 1, 0);
    return got == 1 && greeting == '2' ? 0 : ECONNRESET;
}

/// What /proc/PID/status says, and where its standard error goes.
std::map<std::string, std::string> status_of(pid_t process) {
    const auto folder = "/proc/" + std::to_string(process);
    std::map<std::string, std::string> status{
        {"standard error", std::filesystem::read_symlink(folder + "/fd/2").string()}};
    std::ifstream stream(folder + "/status");
    for (std::string line; std::getline(stream, line);)
        if (const auto colon = line.find(":\t"); colon != std::string::npos)
            status[line.substr(0, colon)] = line.substr(colon + 2);
    return status;
}

/// In a container without root, or with an old kernel, some of it is not to be had.
boost::test_tools::assertion_result has_all(boost::unit_test::test_unit_id) {
    const auto status = without_rights([] { return 0; });
    return ::geteuid() == 0 && exited_with(status, 0);
}
boost::test_tools::assertion_result has_filter(boost::unit_test::test_unit_id) {
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
    boost::test_tools::assertion_result without(false);
    without.message() << "TSan makes calls of its own, which the filter does not know";
    return without;
#endif
#endif
    return bulk::can_filter_calls();
}

/// What the kernel says of a worker that has done its first order.
std::map<std::string, std::string> status_of_worker(WorkerRole role) {
    auto helper = bulk::ConnectionHelper::start().value();
    const auto socket = helper.start_worker(role).value();
    ftp::Descriptor none;
    bool answered = false;
    if (role == WorkerRole::client) {
        bulk::ConnectionOrder order; // to connect to nowhere
        order.lifetime_ms = 60'000;
        bulk::ConnectionEvent event;
        answered = bulk::send_packet(socket.get(), order) &&
                   bulk::receive_packet(socket.get(), event, none, answer_time()) == bulk::Receipt::packet;
    } else {
        bulk::ListenerOrder order;
        order.kind = bulk::ListenerOrder::Kind::listen;
        order.text = order.admitted = bulk::PacketText("127.0.0.1");
        bulk::ListenerEvent event;
        answered = bulk::send_packet(socket.get(), order) &&
                   bulk::receive_packet(socket.get(), event, none, answer_time()) == bulk::Receipt::packet &&
                   event.kind == bulk::ListenerEvent::Kind::listening;
    }
    BOOST_TEST(answered);
    return status_of(tests::find_worker());
}

} // namespace

BOOST_AUTO_TEST_SUITE(call_filter, *boost::unit_test::precondition(has_filter))

BOOST_DATA_TEST_CASE(a_worker_cannot, harms, harm) {
    for (const auto role : {WorkerRole::client, WorkerRole::server}) {
        const auto status = behind_filter(role, harm.attempt);
        const bool refused =
            harm.signal != 0 ? ended_by(status, harm.signal) : exited_with(status, harm.error);
        BOOST_TEST(refused, "wait status " << status);
    }
}

BOOST_AUTO_TEST_CASE(who_connects_does_not_listen_and_the_other_way) {
    const Attempt bind = [] { return bind_somewhere(tcp_socket()); };
    const Attempt connect = [] { return connect_somewhere(tcp_socket()); };
    BOOST_TEST(exited_with(behind_filter(WorkerRole::server, bind), 0));
    BOOST_TEST(exited_with(behind_filter(WorkerRole::client, bind), ENOSYS));
    BOOST_TEST(exited_with(behind_filter(WorkerRole::client, connect), ECONNREFUSED));
    BOOST_TEST(exited_with(behind_filter(WorkerRole::server, connect), ENOSYS));
}

BOOST_AUTO_TEST_CASE(a_worker_may_end_itself) {
    const auto status = behind_filter(WorkerRole::client, []() -> int {
        std::signal(SIGABRT, SIG_DFL);
        std::abort();
    });
    BOOST_TEST(ended_by(status, SIGABRT), "wait status " << status);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(confinement, *boost::unit_test::precondition(has_all))

BOOST_DATA_TEST_CASE(without_a_filter_a_worker_cannot, harms, harm) {
    if (!harm.also_without) return;
    const auto status = without_rights(harm.attempt);
    BOOST_TEST((WIFEXITED(status) && WEXITSTATUS(status) != 0 && WEXITSTATUS(status) != not_confined),
               "wait status " << status);
}

BOOST_AUTO_TEST_CASE(a_worker_writes_to_no_file_that_is_open) {
    const auto status =
        without_rights([file = std::tmpfile()] { return error_of(::write(::fileno(file), "x", 1)); });
    if (!bulk::is_sanitized()) BOOST_TEST(exited_with(status, EFBIG), "wait status " << status);
}

BOOST_AUTO_TEST_CASE(a_worker_knows_a_link_local_address) {
    const auto status = in_a_process(greets_at_link_local_address);
    BOOST_TEST(exited_with(status, 0), "wait status " << status);
}

BOOST_AUTO_TEST_CASE(workers_of_both_roles_run_without_rights) {
    for (const auto role : {WorkerRole::client, WorkerRole::server}) {
        auto status = status_of_worker(role);
        BOOST_TEST(status["NoNewPrivs"] == "1");
        BOOST_TEST(status["Seccomp"] == "2");
        BOOST_TEST(status["Uid"] == "65534\t65534\t65534\t65534");
        BOOST_TEST(status["Gid"] == "65534\t65534\t65534\t65534");
        BOOST_TEST(status["Groups"].find_first_not_of(' ') == std::string::npos);
        if (!bulk::is_sanitized()) BOOST_TEST(status["standard error"] == "/dev/null");
        for (const auto* set : {"CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"})
            BOOST_TEST(status[set] == "0000000000000000", set);
    }
}

BOOST_AUTO_TEST_SUITE_END()
