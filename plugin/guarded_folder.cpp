#include "plugin/guarded_folder.hpp"

#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace two_path {
namespace fs = std::filesystem;
namespace {

constexpr int to_folder = O_RDONLY | O_DIRECTORY | O_CLOEXEC;

Error io_failed(const fs::path& path) {
    return fail(Errc::io_error, path.string() + ": " + std::strerror(errno));
}

Error not_the_owners(const fs::path& path) {
    return fail(Errc::forbidden, path.string() +
                                     " is a link, no plain file or folder, or of another user than "
                                     "its folder; nothing of ours is: look at who put it there, "
                                     "and remove it");
}

} // namespace

GuardedFolder::GuardedFolder(fs::path path, ftp::Descriptor descriptor, uid_t owner)
  : path_(std::move(path))
  , descriptor_(std::move(descriptor))
  , owner_(owner) {}

Result<GuardedFolder> GuardedFolder::open(const fs::path& folder) {
    ftp::Descriptor opened(::open(folder.c_str(), to_folder));
    struct stat status {};
    if (!opened || ::fstat(opened.get(), &status) != 0) return io_failed(folder);
    return GuardedFolder(folder, std::move(opened), status.st_uid);
}

Result<std::optional<GuardedFolder>> GuardedFolder::folder(const std::string& name) const {
    const auto path = path_ / name;
    ftp::Descriptor opened(::openat(descriptor_.get(), name.c_str(), to_folder | O_NOFOLLOW));
    if (!opened && errno == ENOENT) return std::optional<GuardedFolder>();
    if (!opened && (errno == ELOOP || errno == ENOTDIR)) return not_the_owners(path);
    struct stat status {};
    if (!opened || ::fstat(opened.get(), &status) != 0) return io_failed(path);
    if (status.st_uid != owner_) return not_the_owners(path);
    return std::optional(GuardedFolder(path, std::move(opened), owner_));
}

Result<ftp::Descriptor> GuardedFolder::file(const std::string& name) const {
    const auto path = path_ / name;
    // Not blocking: a pipe would hold up who opens it.
    ftp::Descriptor opened(
        ::openat(descriptor_.get(), name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
    if (!opened && errno == ENOENT) return fail(Errc::not_found, path.string());
    if (!opened && (errno == ELOOP || errno == ENXIO)) return not_the_owners(path);
    struct stat status {};
    if (!opened || ::fstat(opened.get(), &status) != 0) return io_failed(path);
    if (!S_ISREG(status.st_mode) || status.st_uid != owner_) return not_the_owners(path);
    return opened;
}

Result<std::vector<std::string>> GuardedFolder::names() const {
    std::vector<std::string> all;
    std::error_code ec;
    // What is listed here is opened by name, and judged then.
    const auto itself = "/proc/self/fd/" + std::to_string(descriptor_.get());
    fs::directory_iterator entries(itself, ec);
    for (; !ec && entries != fs::directory_iterator(); entries.increment(ec))
        all.push_back(entries->path().filename().string());
    if (ec) return fail(Errc::io_error, path_.string() + ": " + ec.message());
    return all;
}

TakenOver::TakenOver(fs::path folder)
  : folder_(std::move(folder)) {}

TakenOver::~TakenOver() {
    if (descriptor_) static_cast<void>(::fchown(descriptor_.get(), owner_, group_));
}

Result<TakenOver> TakenOver::take(const fs::path& folder) {
    TakenOver taken(folder);
    if (::geteuid() != 0) return taken;
    ftp::Descriptor opened(::open(folder.c_str(), to_folder));
    struct stat status {};
    if (!opened || ::fstat(opened.get(), &status) != 0) return io_failed(folder);
    taken.owner_ = status.st_uid;
    taken.group_ = status.st_gid;
    if (::fchown(opened.get(), 0, 0) != 0) return io_failed(folder);
    taken.descriptor_ = std::move(opened);
    if (::fchmod(taken.descriptor_.get(), 0700) != 0) return io_failed(folder);
    return taken;
}

Result<void> TakenOver::give_back() {
    if (!descriptor_) return {};
    std::error_code ec;
    fs::recursive_directory_iterator entries(folder_, ec);
    for (; !ec && entries != fs::recursive_directory_iterator(); entries.increment(ec)) {
        if (entries->path() == folder_ / lost_and_found)
            entries.disable_recursion_pending();
        else if (::lchown(entries->path().c_str(), owner_, group_) != 0)
            return io_failed(entries->path());
    }
    if (ec) return fail(Errc::io_error, folder_.string() + ": " + ec.message());
    if (::fchown(descriptor_.get(), owner_, group_) != 0) return io_failed(folder_);
    descriptor_ = {};
    return {};
}

} // namespace two_path
