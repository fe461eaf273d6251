/// Preloaded into a program, ends it by SIGKILL at a chosen step that the disk or a peer could see.
///
/// TWO_PATH_KILL_IN   the program's name; in others nothing happens, and what they start inherits all this
/// TWO_PATH_KILL_AT   a file that holds a number: how many steps pass before the one that ends the program.
///                    Without the file all pass. Those that pass are lines of a file beside it, `.steps`.
///
/// The program ends before the step is made; at `read`, which only counts when bytes came, after it.
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <string>

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

namespace {

/// The steps of one process; not those of its children.
struct Target {
    std::string control;
    pid_t process{0};

    Target() {
        const char* name = std::getenv("TWO_PATH_KILL_IN");
        const char* file = std::getenv("TWO_PATH_KILL_AT");
        if (name == nullptr || file == nullptr || std::string(name) != program_invocation_short_name) return;
        control = file;
        process = ::getpid();
        ::unsetenv("LD_PRELOAD");
    }
};

const Target* const target = new Target; // never destroyed: there are steps until the very end

std::string name_of(const std::string& path) {
    return path.substr(path.rfind('/') + 1);
}

std::string name_of(int descriptor) {
    std::array<char, 4096> path{};
    const auto link = "/proc/self/fd/" + std::to_string(descriptor);
    const auto size = ::readlink(link.c_str(), path.data(), path.size());
    return size > 0 ? name_of(std::string(path.data(), static_cast<std::size_t>(size))) : std::string();
}

void write_down(const std::string& file, int flags, const std::string& text) {
    const int out = ::open(file.c_str(), O_WRONLY | O_CLOEXEC | flags, 0600);
    if (out < 0) return; // taken away just now
    if (::write(out, text.data(), text.size()) < 0) std::abort();
    ::close(out);
}

void step(const std::string& what) {
    if (target == nullptr || ::getpid() != target->process) return;
    static std::mutex one_at_a_time;
    const std::lock_guard guard(one_at_a_time);
    const int kept_errno = errno;
    const int in = ::open(target->control.c_str(), O_RDONLY | O_CLOEXEC);
    if (in >= 0) {
        std::array<char, 32> text{};
        if (::read(in, text.data(), text.size() - 1) < 0) std::abort();
        ::close(in);
        const long left = std::atol(text.data());
        if (left == 0) ::kill(target->process, SIGKILL);
        write_down(target->control, O_TRUNC, std::to_string(left - 1));
        write_down(target->control + ".steps", O_CREAT | O_APPEND, what + "\n");
    }
    errno = kept_errno;
}

template<class Function>
Function real(const char* name) {
    return reinterpret_cast<Function>(::dlsym(RTLD_NEXT, name));
}

} // namespace

extern "C" {

int fsync(int descriptor) {
    step("fsync " + name_of(descriptor));
    return real<int (*)(int)>("fsync")(descriptor);
}

int fdatasync(int descriptor) {
    step("fdatasync " + name_of(descriptor));
    return real<int (*)(int)>("fdatasync")(descriptor);
}

int rename(const char* from, const char* to) noexcept {
    step("rename " + name_of(std::string(to)));
    return real<int (*)(const char*, const char*)>("rename")(from, to);
}

int unlink(const char* path) noexcept {
    step("unlink " + name_of(std::string(path)));
    return real<int (*)(const char*)>("unlink")(path);
}

int connect(int socket, const sockaddr* address, socklen_t size) {
    if (address->sa_family != AF_UNIX) step("connect");
    return real<int (*)(int, const sockaddr*, socklen_t)>("connect")(socket, address, size);
}

int SSL_write(void* connection, const void* bytes, int size) {
    step("write");
    return real<int (*)(void*, const void*, int)>("SSL_write")(connection, bytes, size);
}

int SSL_read(void* connection, void* bytes, int size) {
    const int got = real<int (*)(void*, void*, int)>("SSL_read")(connection, bytes, size);
    if (got > 0) step("read");
    return got;
}
}
