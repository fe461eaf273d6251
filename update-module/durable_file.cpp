#include "update-module/durable_file.hpp"

#include "ftp/descriptor.hpp"
#include "update-module/log.hpp"

#include <cerrno>
#include <cstring>
#include <filesystem>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace two_path::device {
namespace {

using ftp::Descriptor;

std::string folder_of(const std::string& path) {
    auto folder = std::filesystem::path(path).parent_path().string();
    return folder.empty() ? "." : folder;
}

bool write_all(int fd, std::string_view content) {
    while (!content.empty()) {
        const auto written = ::write(fd, content.data(), content.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return false;
        content.remove_prefix(static_cast<std::size_t>(written));
    }
    return true;
}

} // namespace

Error storage_error(std::string_view what, const std::string& path, int error_number) {
    const bool full = error_number == ENOSPC || error_number == EDQUOT;
    return fail(full ? Errc::no_room : Errc::io_error,
                std::string(what) + " " + path + ": " + std::strerror(error_number));
}

Result<void> sync_folder(const std::string& path) {
    const Descriptor folder(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!folder || ::fsync(folder.get()) != 0) return storage_error("sync", path, errno);
    return {};
}

Result<void> replace_file(const std::string& path, std::string_view content) {
    const auto temporary = path + ".new";
    {
        const Descriptor file(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
        if (!file || !write_all(file.get(), content) || ::fsync(file.get()) != 0) {
            const int error_number = errno;
            ::unlink(temporary.c_str());
            return storage_error("write", temporary, error_number);
        }
    }
    return rename_file(temporary, path);
}

Result<std::optional<std::string>> read_small_file(const std::string& path, std::size_t limit) {
    // O_NONBLOCK: a FIFO in its place must not hold us up.
    const Descriptor file(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
    if (!file && errno == ENOENT) return std::optional<std::string>{};
    if (!file) return storage_error("read", path, errno);
    struct stat status {};
    if (::fstat(file.get(), &status) != 0) return storage_error("read", path, errno);
    if (!S_ISREG(status.st_mode)) return fail(Errc::io_error, path + " is no regular file");
    std::string content(limit + 1, '\0');
    std::size_t size = 0;
    while (size < content.size()) {
        const auto got = ::read(file.get(), content.data() + size, content.size() - size);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return storage_error("read", path, errno);
        if (got == 0) break;
        size += static_cast<std::size_t>(got);
    }
    if (size > limit)
        return fail(Errc::too_large, path + " has more than " + std::to_string(limit) + " bytes");
    content.resize(size);
    return std::optional<std::string>(std::move(content));
}

Result<void> remove_file(const std::string& path) {
    if (::unlink(path.c_str()) != 0) {
        if (errno == ENOENT) return {};
        return storage_error("remove", path, errno);
    }
    return sync_folder(folder_of(path));
}

Result<void> rename_file(const std::string& from, const std::string& to) {
    if (::rename(from.c_str(), to.c_str()) != 0) return storage_error("rename", from, errno);
    return sync_folder(folder_of(to));
}

Result<void> make_folder(const std::string& path) {
    if (::mkdir(path.c_str(), 0700) == 0) return sync_folder(folder_of(path));
    if (errno == EEXIST) {
        struct stat status {};
        if (::stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode)) return {};
        return storage_error("create folder", path, ENOTDIR);
    }
    if (errno != ENOENT) return storage_error("create folder", path, errno);
    const auto above = folder_of(path);
    if (above == path) return storage_error("create folder", path, ENOENT);
    if (auto made = make_folder(above); !made) return made.error();
    if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST)
        return storage_error("create folder", path, errno);
    return sync_folder(above);
}

Result<void> set_aside(const std::string& path, const Error& why) {
    const auto aside = path + ".corrupt";
    say(path + " cannot be used and is kept as " + aside + ": " + why.detail);
    return rename_file(path, aside);
}

} // namespace two_path::device
