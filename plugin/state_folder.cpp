#include "plugin/state_folder.hpp"

#include <cerrno>
#include <string>
#include <system_error>

#include <fcntl.h>
#include <grp.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace two_path {
namespace {

Error unusable(const std::filesystem::path& folder, const std::string& why) {
    return fail(Errc::bad_configuration, folder.string() + " cannot be used: " + why +
                                             "; give the service's user a folder that it may write to");
}

} // namespace

Result<void> prepare_state_folder(const std::filesystem::path& folder) {
    std::error_code ec;
    if (folder.has_parent_path()) std::filesystem::create_directories(folder.parent_path(), ec);
    if (ec) return unusable(folder, ec.message());
    if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST)
        return unusable(folder, std::generic_category().message(errno));
    if (!std::filesystem::is_directory(folder, ec)) return unusable(folder, "it is not a folder");
    if (::access(folder.c_str(), R_OK | W_OK | X_OK) != 0)
        return unusable(folder, std::generic_category().message(errno));
    return {};
}

Result<void> act_as_owner(const std::filesystem::path& folder) {
    if (::geteuid() != 0) return {};
    struct stat status {};
    if (::stat(folder.c_str(), &status) != 0) return unusable(folder, std::generic_category().message(errno));
    if (status.st_uid == 0) return {};
    if (::setgroups(0, nullptr) != 0 || ::setresgid(status.st_gid, status.st_gid, status.st_gid) != 0 ||
        ::setresuid(status.st_uid, status.st_uid, status.st_uid) != 0)
        return unusable(folder, "cannot act as its owner: " + std::generic_category().message(errno));
    return {};
}

Result<ftp::Descriptor> lock_state_folder(const std::filesystem::path& folder) {
    const auto file = folder / "lock";
    ftp::Descriptor lock(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!lock) return unusable(folder, std::generic_category().message(errno));
    if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0)
        return fail(Errc::conflict,
                    folder.string() +
                        " is in use by another two-path-server; end it, or choose another folder");
    return lock;
}

} // namespace two_path
