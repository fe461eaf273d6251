#include "update-module/install/inner_files.hpp"

#include "ftp/descriptor.hpp"
#include "update-module/durable_file.hpp"
#include "update-module/process.hpp"

#include <cerrno>

#include <fcntl.h>
#include <sys/statvfs.h>
#include <unistd.h>

namespace two_path::install {
namespace {

using device::storage_error;

constexpr std::size_t file_buffer = 256 * 1024;

Result<void> write_all(const std::string& path, int fd, std::span<const std::uint8_t> bytes) {
    while (!bytes.empty()) {
        const auto written = ::write(fd, bytes.data(), bytes.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return storage_error("write", path, errno);
        bytes = bytes.subspan(static_cast<std::size_t>(written));
    }
    return {};
}

Result<void> write_file(const std::string& path, const InnerFile& file, Deadline deadline) {
    const ftp::Descriptor target(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (!target) return storage_error("create", path, errno);
    if (file.size > 0) {
        auto read = file.open();
        if (!read) return read.error();
        std::vector<std::uint8_t> buffer(file_buffer);
        for (;;) {
            const auto got = (*read)(buffer);
            if (!got) return got.error();
            if (*got == 0) break;
            if (auto written = write_all(path, target.get(), std::span(buffer).first(*got)); !written)
                return written;
            if (auto may = device::may_wait(deadline, path); !may) return may;
        }
    }
    if (::fsync(target.get()) != 0) return storage_error("sync", path, errno);
    return {};
}

} // namespace

Result<void> require_room(const std::string& folder, std::uint64_t bytes, const std::string& what) {
    struct statvfs status {};
    if (::statvfs(folder.c_str(), &status) != 0) return storage_error("look at", folder, errno);
    const auto room = std::uint64_t{status.f_bavail} * status.f_frsize;
    if (room >= bytes) return {};
    return fail(Errc::no_room, what + " needs " + std::to_string(bytes) + " bytes in " + folder +
                                   ", free are " + std::to_string(room));
}

Result<void> store_files(const std::string& folder, const std::vector<InnerFile>& files, Deadline deadline) {
    if (auto made = device::make_folder(folder); !made) return made;
    std::vector<const InnerFile*> to_write;
    std::uint64_t bytes = 0;
    for (const auto& file : files) {
        const auto path = folder + "/" + file.name;
        if (!file.plain.empty() && ::link(file.plain.c_str(), path.c_str()) == 0) continue;
        to_write.push_back(&file);
        bytes += file.size;
    }
    if (auto room = require_room(folder, bytes, "the installer's own copy of the files"); !room) return room;
    for (const auto* file : to_write)
        if (auto written = write_file(folder + "/" + file->name, *file, deadline); !written) return written;
    return device::sync_folder(folder);
}

} // namespace two_path::install
