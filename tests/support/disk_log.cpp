/// Preloaded into a program, writes down in order what it does to the files of one folder, and when it tells
/// a peer something: crash_images.py makes of it what a power cut could leave.
///
/// TWO_PATH_DISK_LOG_OF: the program's name; in others nothing happens, and what they start inherits all
/// this.
///
/// TWO_PATH_DISK_LOG_FOLDER: the folder, as an absolute path without links.
///
/// TWO_PATH_DISK_LOG: the log, outside the folder; several processes add to it, one after the other.
///
/// Left out is what is written through a mapping: SQLite's -shm, which it makes anew after a crash.
#undef _FILE_OFFSET_BITS // both names of each function are there to be taken

#include <array>
#include <cerrno>
#include <cstdarg>
#include <cstdint>
#include <cstdlib>
#include <mutex>
#include <string>
#include <string_view>

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

namespace {

/// In the order of crash_images.py's OPERATIONS.
enum class Operation : std::uint8_t {
    create,
    cut,
    write,
    sync,
    sync_folder,
    rename,
    unlink,
    make_folder,
    tell
};

/// Before the paths and the bytes; as `HEAD` in crash_images.py.
struct [[gnu::packed]] Head {
    Operation operation;
    std::uint64_t file; ///< its inode
    std::uint64_t offset;
    std::uint32_t path;
    std::uint32_t other_path;
    std::uint32_t bytes;
};

struct Target {
    std::string folder; ///< with a slash at its end
    int log{-1};
    pid_t process{0};
    std::recursive_mutex one_at_a_time;
};

Target* target = nullptr; // never destroyed: there are calls until the very end

[[gnu::constructor]] void find_target() {
    const char* name = std::getenv("TWO_PATH_DISK_LOG_OF");
    const char* folder = std::getenv("TWO_PATH_DISK_LOG_FOLDER");
    const char* log = std::getenv("TWO_PATH_DISK_LOG");
    if (name == nullptr || folder == nullptr || log == nullptr) return;
    if (std::string_view(name) != program_invocation_short_name) return;
    auto* found = new Target{std::string(folder) + "/", -1, ::getpid(), {}};
    found->log = static_cast<int>(
        ::syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
    if (found->log < 0) std::abort();
    ::unsetenv("LD_PRELOAD");
    target = found;
}

struct Done {
    Operation operation;
    std::uint64_t file{0};
    std::uint64_t offset{0};
    std::string_view path{};
    std::string_view other_path{};
    std::string_view bytes{};
};

iovec part(std::string_view text) {
    return {const_cast<char*>(text.data()), text.size()};
}

void note(const Done& done) {
    const int kept_errno = errno;
    Head head{done.operation,
              done.file,
              done.offset,
              static_cast<std::uint32_t>(done.path.size()),
              static_cast<std::uint32_t>(done.other_path.size()),
              static_cast<std::uint32_t>(done.bytes.size())};
    const std::array parts{iovec{&head, sizeof head}, part(done.path), part(done.other_path),
                           part(done.bytes)};
    if (::writev(target->log, parts.data(), parts.size()) < 0) std::abort();
    errno = kept_errno;
}

/// Held while something is done and written down, so that the log has the true order; none in other
/// processes.
std::unique_lock<std::recursive_mutex> hold() {
    if (target == nullptr || ::getpid() != target->process) return {};
    return std::unique_lock(target->one_at_a_time);
}

/// A path below the folder, as the log has it; empty for any other.
std::string inside(const std::string& path) {
    const bool below = path.starts_with(target->folder);
    if (!below && path + "/" == target->folder) return ".";
    return below ? path.substr(target->folder.size()) : std::string();
}

std::string path_of(int descriptor) {
    std::array<char, 4096> path{};
    const auto link = "/proc/self/fd/" + std::to_string(descriptor);
    const auto size = ::readlink(link.c_str(), path.data(), path.size());
    return size > 0 ? std::string(path.data(), static_cast<std::size_t>(size)) : std::string();
}

struct stat status_of(int descriptor) {
    struct stat status {};
    static_cast<void>(::fstat(descriptor, &status));
    return status;
}

template<class Function>
Function real(const char* name) {
    return reinterpret_cast<Function>(::dlsym(RTLD_NEXT, name));
}

#define NEXT(function) static const auto next = real<decltype(&(function))>(#function)

template<class Open>
int opened(const char* path, int flags, Open open) {
    const auto held = hold();
    const bool there = ::faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
    const int descriptor = open();
    if (!held || descriptor < 0) return descriptor;
    const auto where = inside(path);
    const auto status = status_of(descriptor);
    if (where.empty() || !S_ISREG(status.st_mode)) return descriptor;
    if (!there) note({Operation::create, status.st_ino, 0, where});
    if (there && (flags & O_TRUNC) != 0) note({Operation::cut, status.st_ino, 0});
    return descriptor;
}

template<class Write>
ssize_t written(int descriptor, const void* bytes, Write write) {
    const auto held = hold();
    const auto count = write();
    if (!held || count <= 0) return count;
    const auto status = status_of(descriptor);
    if (!S_ISREG(status.st_mode) || inside(path_of(descriptor)).empty()) return count;
    const auto end = static_cast<std::uint64_t>(::lseek(descriptor, 0, SEEK_CUR));
    const auto size = static_cast<std::size_t>(count);
    note({Operation::write, status.st_ino, end - size, {}, {}, {static_cast<const char*>(bytes), size}});
    return count;
}

template<class Write>
ssize_t written_at(int descriptor, const void* bytes, std::uint64_t offset, Write write) {
    const auto held = hold();
    const auto count = write();
    if (!held || count <= 0 || inside(path_of(descriptor)).empty()) return count;
    note({Operation::write,
          status_of(descriptor).st_ino,
          offset,
          {},
          {},
          {static_cast<const char*>(bytes), static_cast<std::size_t>(count)}});
    return count;
}

template<class Sync>
int synced(int descriptor, Sync sync) {
    const auto held = hold();
    const int result = sync();
    if (!held || result != 0) return result;
    const auto where = inside(path_of(descriptor));
    const auto status = status_of(descriptor);
    if (where.empty()) return result;
    note({S_ISDIR(status.st_mode) ? Operation::sync_folder : Operation::sync, status.st_ino, 0, where});
    return result;
}

template<class Cut>
int cut(int descriptor, std::uint64_t size, Cut cut_file) {
    const auto held = hold();
    const int result = cut_file();
    if (!held || result != 0 || inside(path_of(descriptor)).empty()) return result;
    note({Operation::cut, status_of(descriptor).st_ino, size});
    return result;
}

template<class Change>
int changed(Operation operation, const std::string& path, const std::string& other_path, Change change) {
    const auto held = hold();
    const int result = change();
    if (!held || result != 0 || inside(path).empty()) return result;
    note({operation, 0, 0, inside(path), other_path.empty() ? std::string() : inside(other_path)});
    return result;
}

mode_t mode_of(int flags, va_list& more) {
    return (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(more, mode_t) : 0;
}

} // namespace

extern "C" {

int open(const char* path, int flags, ...) {
    va_list more;
    va_start(more, flags);
    const mode_t mode = mode_of(flags, more);
    va_end(more);
    NEXT(open);
    return opened(path, flags, [&] { return next(path, flags, mode); });
}

int open64(const char* path, int flags, ...) {
    va_list more;
    va_start(more, flags);
    const mode_t mode = mode_of(flags, more);
    va_end(more);
    NEXT(open64);
    return opened(path, flags, [&] { return next(path, flags, mode); });
}

int mkostemp64(char* name, int flags) {
    NEXT(mkostemp64);
    const auto held = hold();
    const int descriptor = next(name, flags);
    if (held && descriptor >= 0 && !inside(name).empty())
        note({Operation::create, status_of(descriptor).st_ino, 0, inside(name)});
    return descriptor;
}

ssize_t write(int descriptor, const void* bytes, size_t size) {
    NEXT(write);
    return written(descriptor, bytes, [&] { return next(descriptor, bytes, size); });
}

ssize_t pwrite(int descriptor, const void* bytes, size_t size, off_t offset) {
    NEXT(pwrite);
    return written_at(descriptor, bytes, static_cast<std::uint64_t>(offset),
                      [&] { return next(descriptor, bytes, size, offset); });
}

ssize_t pwrite64(int descriptor, const void* bytes, size_t size, off64_t offset) {
    NEXT(pwrite64);
    return written_at(descriptor, bytes, static_cast<std::uint64_t>(offset),
                      [&] { return next(descriptor, bytes, size, offset); });
}

int fsync(int descriptor) {
    NEXT(fsync);
    return synced(descriptor, [&] { return next(descriptor); });
}

int fdatasync(int descriptor) {
    NEXT(fdatasync);
    return synced(descriptor, [&] { return next(descriptor); });
}

int ftruncate(int descriptor, off_t size) noexcept {
    NEXT(ftruncate);
    return cut(descriptor, static_cast<std::uint64_t>(size), [&] { return next(descriptor, size); });
}

int ftruncate64(int descriptor, off64_t size) noexcept {
    NEXT(ftruncate64);
    return cut(descriptor, static_cast<std::uint64_t>(size), [&] { return next(descriptor, size); });
}

int rename(const char* from, const char* to) noexcept {
    NEXT(rename);
    return changed(Operation::rename, from, to, [&] { return next(from, to); });
}

int unlink(const char* path) noexcept {
    NEXT(unlink);
    return changed(Operation::unlink, path, {}, [&] { return next(path); });
}

int unlinkat(int folder, const char* path, int flags) noexcept {
    NEXT(unlinkat);
    const bool absolute = folder == AT_FDCWD || path[0] == '/';
    return changed(Operation::unlink, absolute ? path : path_of(folder) + "/" + path, {},
                   [&] { return next(folder, path, flags); });
}

int mkdir(const char* path, mode_t mode) noexcept {
    NEXT(mkdir);
    return changed(Operation::make_folder, path, {}, [&] { return next(path, mode); });
}

int SSL_write(void* connection, const void* bytes, int size) {
    NEXT(SSL_write);
    if (const auto held = hold()) note({Operation::tell});
    return next(connection, bytes, size);
}
}
