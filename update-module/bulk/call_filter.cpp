#include "update-module/bulk/call_filter.hpp"

#include <cerrno>
#include <cstddef>
#include <initializer_list>
#include <vector>

#include <asm/unistd.h> // the kernel's names; those of a C library may differ
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

namespace two_path::bulk {
namespace {

#if defined(__x86_64__)
constexpr std::uint32_t architecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__) && defined(__AARCH64EL__)
constexpr std::uint32_t architecture = AUDIT_ARCH_AARCH64;
#elif defined(__arm__) && defined(__ARMEL__)
constexpr std::uint32_t architecture = AUDIT_ARCH_ARM;
#else
constexpr std::uint32_t architecture = 0; // nobody has looked at which calls it has
#endif

constexpr std::uint32_t no_such_call = SECCOMP_RET_ERRNO | ENOSYS;
constexpr std::uint32_t no_such_family = SECCOMP_RET_ERRNO | EAFNOSUPPORT;

using Calls = std::initializer_list<int>;

constexpr Calls sockets{__NR_socket, __NR_getsockopt, __NR_setsockopt, __NR_getsockname, __NR_getpeername,
                        __NR_sendto, __NR_recvfrom,   __NR_sendmsg,    __NR_recvmsg,     __NR_read,
                        __NR_write,  __NR_readv,      __NR_writev,     __NR_shutdown,    __NR_close,
                        __NR_fcntl,  __NR_ioctl};
constexpr Calls to_connect{__NR_connect};
constexpr Calls to_listen{__NR_bind, __NR_listen, __NR_accept, __NR_accept4};
constexpr Calls waiting{__NR_epoll_create1,  __NR_epoll_ctl,       __NR_epoll_pwait,     __NR_eventfd2,
                        __NR_timerfd_create, __NR_timerfd_settime, __NR_ppoll,           __NR_futex,
                        __NR_nanosleep,      __NR_clock_nanosleep, __NR_restart_syscall, __NR_sched_yield};
constexpr Calls time_and_chance{__NR_clock_gettime, __NR_clock_getres, __NR_gettimeofday, __NR_getrandom};
constexpr Calls pipes{__NR_pipe2}; // UBSan looks with their help whether an address is there
constexpr Calls memory{__NR_brk, __NR_munmap, __NR_mremap, __NR_mprotect, __NR_madvise};
constexpr Calls itself{__NR_getpid,       __NR_gettid,         __NR_tgkill,       __NR_tkill,
                       __NR_rt_sigaction, __NR_rt_sigprocmask, __NR_rt_sigreturn, __NR_sigaltstack,
                       __NR_exit,         __NR_exit_group};
#ifdef __arm__
constexpr Calls own{__NR_mmap2, __NR_fcntl64, __NR_send, __NR_recv, __NR_sigreturn};
#else
constexpr Calls own{__NR_mmap};
#endif
// Younger architectures have only the calls that do more.
#ifdef __NR_poll
constexpr Calls older{__NR_poll, __NR_epoll_wait, __NR_pipe};
#else
constexpr Calls older{};
#endif
#ifdef __NR_epoll_pwait2
constexpr Calls newer{__NR_epoll_pwait2};
#else
constexpr Calls newer{};
#endif
// On 32 bits the calls above have times that end in 2038.
#ifdef __NR_clock_gettime64
constexpr Calls after_2038{__NR_clock_gettime64, __NR_clock_getres_time64, __NR_clock_nanosleep_time64,
                           __NR_futex_time64,    __NR_ppoll_time64,        __NR_timerfd_settime64};
#else
constexpr Calls after_2038{};
#endif

/// No library makes these on its own account.
constexpr Calls of_intruders{__NR_execve,           __NR_execveat,         __NR_clone, __NR_kill, __NR_ptrace,
                             __NR_process_vm_readv, __NR_process_vm_writev};
#ifdef __NR_fork
constexpr Calls of_older_intruders{__NR_fork, __NR_vfork};
#else
constexpr Calls of_older_intruders{};
#endif
#ifdef __NR_clone3
constexpr Calls of_newer_intruders{__NR_clone3};
#else
constexpr Calls of_newer_intruders{};
#endif

/// A call whose argument may have these values only; the call's own rule is another.
struct Limit {
    int call;
    std::uint32_t argument; ///< from 0
    std::vector<std::uint32_t> values;
    std::uint32_t otherwise;
};

std::vector<Limit> limits() {
    const auto self = static_cast<std::uint32_t>(::getpid());
    const std::vector<std::uint32_t> no_code{PROT_NONE, PROT_READ, PROT_WRITE, PROT_READ | PROT_WRITE};
    // RLIMIT_DATA counts no memory that is shared.
    constexpr std::uint32_t own_memory = MAP_PRIVATE | MAP_ANONYMOUS;
    const std::vector<std::uint32_t> counted{own_memory, own_memory | MAP_NORESERVE, own_memory | MAP_FIXED,
                                             own_memory | MAP_NORESERVE | MAP_FIXED};
    // With MSG_FASTOPEN a socket connects as it sends.
    const std::vector<std::uint32_t> only_sends{0, MSG_NOSIGNAL, MSG_NOSIGNAL | MSG_DONTWAIT};
    return {
        {__NR_socket, 0, {AF_INET, AF_INET6}, no_such_family},
        {__NR_socket, 2, {IPPROTO_TCP}, no_such_family},
        {__NR_sendto, 3, only_sends, no_such_call},
        {__NR_sendmsg, 2, only_sends, no_such_call},
        {__NR_ioctl, 1, {FIONBIO, FIONREAD}, no_such_call},
        {__NR_fcntl, 1, {F_DUPFD_CLOEXEC, F_GETFD, F_SETFD, F_GETFL, F_SETFL}, no_such_call},
#ifdef __arm__
        {__NR_fcntl64, 1, {F_DUPFD_CLOEXEC, F_GETFD, F_SETFD, F_GETFL, F_SETFL}, no_such_call},
        {__NR_send, 3, only_sends, no_such_call},
        {__NR_mmap2, 2, no_code, no_such_call},
        {__NR_mmap2, 3, counted, no_such_call},
#else
        {__NR_mmap, 2, no_code, no_such_call},
        {__NR_mmap, 3, counted, no_such_call},
#endif
        {__NR_mprotect, 2, no_code, no_such_call},
        {__NR_tgkill, 0, {self}, SECCOMP_RET_KILL_PROCESS}, // abort()
        {__NR_tkill, 0, {self}, SECCOMP_RET_KILL_PROCESS},
    };
}

/// What the kernel runs before each call.
class Program {
  public:
    explicit Program(WorkerRole role) {
        load(offsetof(seccomp_data, arch));
        skip_if(architecture, 1);
        answer(SECCOMP_RET_KILL_PROCESS);
        for (const auto& limit : limits())
            add(limit);
        load(offsetof(seccomp_data, nr));
        for (const auto& calls : {sockets, role == WorkerRole::client ? to_connect : to_listen, waiting,
                                  time_and_chance, pipes, memory, itself, own, older, newer, after_2038})
            add(calls, SECCOMP_RET_ALLOW);
        for (const auto& calls : {of_intruders, of_older_intruders, of_newer_intruders})
            add(calls, SECCOMP_RET_KILL_PROCESS);
        answer(no_such_call);
    }

    [[nodiscard]] bool install() {
        const sock_fprog program{static_cast<unsigned short>(steps_.size()), steps_.data()};
        return ::syscall(__NR_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) == 0;
    }

  private:
    void load(std::size_t offset) {
        steps_.push_back(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<std::uint32_t>(offset)));
    }
    void answer(std::uint32_t action) { steps_.push_back(BPF_STMT(BPF_RET | BPF_K, action)); }
    void skip_if(std::uint32_t value, std::size_t steps) {
        steps_.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, static_cast<std::uint8_t>(steps), 0));
    }
    void skip_unless(std::uint32_t value, std::size_t steps) {
        steps_.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, static_cast<std::uint8_t>(steps)));
    }

    void add(Calls calls, std::uint32_t action) {
        for (const auto call : calls) {
            skip_unless(static_cast<std::uint32_t>(call), 1);
            answer(action);
        }
    }

    void add(const Limit& limit) {
        load(offsetof(seccomp_data, nr));
        skip_unless(static_cast<std::uint32_t>(limit.call), limit.values.size() + 2);
        // What the kernel takes as an `int` is the lower half; the architectures above have it first.
        load(offsetof(seccomp_data, args) + limit.argument * sizeof(std::uint64_t));
        for (auto left = limit.values.size(); const auto value : limit.values)
            skip_if(value, left--);
        answer(limit.otherwise);
    }

    std::vector<sock_filter> steps_;
};

} // namespace

bool can_filter_calls() noexcept {
    // A kernel that has them looks for the program first.
    return architecture != 0 && ::syscall(__NR_seccomp, SECCOMP_SET_MODE_FILTER, 0, nullptr) != 0 &&
           errno == EFAULT;
}

bool filter_calls(WorkerRole role) noexcept {
    return architecture != 0 && Program(role).install();
}

} // namespace two_path::bulk
