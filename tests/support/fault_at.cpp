/// Preloaded into a program, ends it by SIGKILL or fails its calls, at a chosen one of those that the disk, a
/// peer or the memory could refuse.
///
/// TWO_PATH_FAULT_IN: the program's name; in others nothing happens, and what they start inherits all this.
///
/// TWO_PATH_FAULT_PLAN: a file that holds a Plan, shared with whoever chooses: what it says may change while
/// the program runs, and it counts on from one process to the next. trap.py writes it.
///
/// The program ends before the call is made; at `hear`, which only counts when bytes came, after it. Calls
/// fail in the program and in what it forks; it is killed at its own only.
#undef _FILE_OFFSET_BITS // both names of each function are there to be taken

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdarg>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

namespace {

/// In the order of trap.py's KINDS. `tell` and `hear` are what TLS was given and gave.
enum Kind : std::uint32_t {
    open_,
    write_,
    sync_,
    rename_,
    unlink_,
    connect_,
    send_,
    recv_,
    malloc_,
    tell_,
    hear_
};
constexpr std::size_t kinds = 11;

struct Plan {
    std::atomic<std::int64_t> left;    ///< how many chosen calls pass before the fault
    std::atomic<std::int64_t> times;   ///< how many fail in a row
    std::atomic<std::uint32_t> chosen; ///< a bit for each Kind; none: nothing happens
    std::atomic<std::int32_t> error;   ///< what a call fails with; 0: SIGKILL
    std::atomic<std::uint32_t> noted;  ///< not 0: those that pass become lines of `PLAN.steps`
    std::array<std::atomic<std::uint32_t>, kinds> passed;
};
static_assert(std::atomic<std::int64_t>::is_always_lock_free);

Plan* plan = nullptr;
pid_t process = 0;
const std::string* steps_file = nullptr; // never destroyed: there are calls until the very end

[[gnu::constructor]] void find_plan() {
    const char* name = std::getenv("TWO_PATH_FAULT_IN");
    const char* file = std::getenv("TWO_PATH_FAULT_PLAN");
    if (name == nullptr || file == nullptr || std::string_view(name) != program_invocation_short_name) return;
    const auto shared = static_cast<int>(::syscall(SYS_openat, AT_FDCWD, file, O_RDWR | O_CLOEXEC));
    if (shared < 0) std::abort();
    void* mapped = ::mmap(nullptr, sizeof(Plan), PROT_READ | PROT_WRITE, MAP_SHARED, shared, 0);
    if (mapped == MAP_FAILED) std::abort();
    ::syscall(SYS_close, shared);
    process = ::getpid();
    steps_file = new std::string(std::string(file) + ".steps");
    ::unsetenv("LD_PRELOAD");
    plan = static_cast<Plan*>(mapped);
}

std::string name_of(const std::string& path) {
    return path.substr(path.rfind('/') + 1);
}

std::string name_of(int descriptor) {
    std::array<char, 4096> path{};
    const auto link = "/proc/self/fd/" + std::to_string(descriptor);
    const auto size = ::readlink(link.c_str(), path.data(), path.size());
    return size > 0 ? name_of(std::string(path.data(), static_cast<std::size_t>(size))) : std::string();
}

/// By bare system calls: the others are counted.
void note(const std::string& step) {
    const auto line = step + "\n";
    const auto out =
        ::syscall(SYS_openat, AT_FDCWD, steps_file->c_str(), O_WRONLY | O_CLOEXEC | O_CREAT | O_APPEND, 0600);
    if (out < 0 || ::syscall(SYS_write, out, line.data(), line.size()) < 0) std::abort();
    ::syscall(SYS_close, out);
}

bool counts(Kind kind) {
    return plan != nullptr && (plan->chosen & (1U << kind)) != 0 &&
           (plan->error != 0 || ::getpid() == process);
}

/// Whether the call fails, errno then being set; or the program's end. `name`: gives what it is done to.
template<class Name>
bool fails(Kind kind, std::string_view call, Name name) {
    const int kept_errno = errno;
    if (!counts(kind)) return false;
    const auto left = plan->left.fetch_sub(1);
    if (left > 0 || left + plan->times <= 0) {
        ++plan->passed[kind];
        if (plan->noted != 0 && kind != malloc_) note(std::string(call) + name());
        errno = kept_errno;
        return false;
    }
    if (plan->error == 0) ::kill(process, SIGKILL);
    errno = plan->error;
    return true;
}

bool fails(Kind kind, std::string_view call) {
    return fails(kind, call, [] { return ""; });
}

/// S_IFSOCK, S_IFREG or another one; 0 while nothing may fail anyway.
mode_t type_of(int descriptor) {
    if (plan == nullptr || plan->chosen == 0) return 0;
    const int kept_errno = errno;
    struct stat status {};
    const bool known = ::fstat(descriptor, &status) == 0;
    errno = kept_errno;
    return known ? status.st_mode & S_IFMT : 0;
}

/// A socket is a peer's, and a file the disk's; pipes and the like are nobody's.
bool fails_to_write(int descriptor) {
    const auto type = type_of(descriptor);
    if (type == S_IFSOCK) return fails(send_, "send");
    return type == S_IFREG && fails(write_, "write ", [descriptor] { return name_of(descriptor); });
}

bool fails_at(const char* path, Kind kind, std::string_view call) {
    return fails(kind, call, [path] { return name_of(std::string(path)); });
}

template<class Function>
Function real(const char* name) {
    return reinterpret_cast<Function>(::dlsym(RTLD_NEXT, name));
}

mode_t mode_of(int flags, va_list& more) {
    return (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(more, mode_t) : 0;
}

} // namespace

// `real`, each with the type of the function that it is in.
#define NEXT(function) static const auto next = real<decltype(&(function))>(#function)

extern "C" {

int open(const char* path, int flags, ...) {
    va_list more;
    va_start(more, flags);
    const mode_t mode = mode_of(flags, more);
    va_end(more);
    NEXT(open);
    return fails_at(path, open_, "open ") ? -1 : next(path, flags, mode);
}

int open64(const char* path, int flags, ...) {
    va_list more;
    va_start(more, flags);
    const mode_t mode = mode_of(flags, more);
    va_end(more);
    NEXT(open64);
    return fails_at(path, open_, "open ") ? -1 : next(path, flags, mode);
}

ssize_t write(int descriptor, const void* bytes, size_t size) {
    NEXT(write);
    return fails_to_write(descriptor) ? -1 : next(descriptor, bytes, size);
}

ssize_t pwrite(int descriptor, const void* bytes, size_t size, off_t offset) {
    NEXT(pwrite);
    return fails_to_write(descriptor) ? -1 : next(descriptor, bytes, size, offset);
}

ssize_t pwrite64(int descriptor, const void* bytes, size_t size, off64_t offset) {
    NEXT(pwrite64);
    return fails_to_write(descriptor) ? -1 : next(descriptor, bytes, size, offset);
}

int fsync(int descriptor) {
    NEXT(fsync);
    return fails(sync_, "fsync ", [&] { return name_of(descriptor); }) ? -1 : next(descriptor);
}

int fdatasync(int descriptor) {
    NEXT(fdatasync);
    return fails(sync_, "fdatasync ", [&] { return name_of(descriptor); }) ? -1 : next(descriptor);
}

int rename(const char* from, const char* to) noexcept {
    NEXT(rename);
    return fails_at(to, rename_, "rename ") ? -1 : next(from, to);
}

int unlink(const char* path) noexcept {
    NEXT(unlink);
    return fails_at(path, unlink_, "unlink ") ? -1 : next(path);
}

int connect(int socket, const sockaddr* address, socklen_t size) {
    NEXT(connect);
    return address->sa_family != AF_UNIX && fails(connect_, "connect") ? -1 : next(socket, address, size);
}

ssize_t send(int socket, const void* bytes, size_t size, int flags) {
    NEXT(send);
    return fails(send_, "send") ? -1 : next(socket, bytes, size, flags);
}

ssize_t sendmsg(int socket, const msghdr* message, int flags) {
    NEXT(sendmsg);
    return fails(send_, "send") ? -1 : next(socket, message, flags);
}

ssize_t sendfile(int out, int in, off_t* offset, size_t size) noexcept {
    NEXT(sendfile);
    return fails(send_, "send") ? -1 : next(out, in, offset, size);
}

ssize_t sendfile64(int out, int in, off64_t* offset, size_t size) noexcept {
    NEXT(sendfile64);
    return fails(send_, "send") ? -1 : next(out, in, offset, size);
}

ssize_t read(int descriptor, void* bytes, size_t size) {
    NEXT(read);
    return type_of(descriptor) == S_IFSOCK && fails(recv_, "recv") ? -1 : next(descriptor, bytes, size);
}

ssize_t recv(int socket, void* bytes, size_t size, int flags) {
    NEXT(recv);
    return fails(recv_, "recv") ? -1 : next(socket, bytes, size, flags);
}

ssize_t recvmsg(int socket, msghdr* message, int flags) {
    NEXT(recvmsg);
    return fails(recv_, "recv") ? -1 : next(socket, message, flags);
}

void* malloc(size_t size) noexcept {
    NEXT(malloc);
    return fails(malloc_, "malloc") ? nullptr : next(size);
}

void* calloc(size_t count, size_t size) noexcept {
    NEXT(calloc);
    return fails(malloc_, "calloc") ? nullptr : next(count, size);
}

void* realloc(void* old, size_t size) noexcept {
    NEXT(realloc);
    return fails(malloc_, "realloc") ? nullptr : next(old, size);
}

// OpenSSL's; they never fail here, as a call below them does.

int SSL_write(void* connection, const void* bytes, int size) {
    NEXT(SSL_write);
    static_cast<void>(fails(tell_, "write"));
    return next(connection, bytes, size);
}

int SSL_read(void* connection, void* bytes, int size) {
    NEXT(SSL_read);
    const int got = next(connection, bytes, size);
    if (got > 0) static_cast<void>(fails(hear_, "read"));
    return got;
}
}
