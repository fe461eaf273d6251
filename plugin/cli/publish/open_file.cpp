#include "plugin/cli/publish/open_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace two_path::cli {

catalog::ByteSource OpenFile::source(std::function<void(std::uint64_t)> progress) const {
    return [file = descriptor, read = catalog::file_source(*descriptor),
            told = std::move(progress)](std::span<std::uint8_t> buffer) {
        auto got = read(buffer);
        if (got && told) told(*got);
        return got;
    };
}

Result<OpenFile> open_file(const std::filesystem::path& path) {
    const int opened = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (opened < 0)
        return fail(errno == ENOENT ? Errc::not_found : Errc::bad_request,
                    path.string() + ": " + std::strerror(errno));
    const std::shared_ptr<const int> descriptor(new int(opened), [](const int* open) {
        ::close(*open);
        delete open;
    });
    struct stat about {};
    if (::fstat(opened, &about) != 0)
        return fail(Errc::bad_request, path.string() + ": " + std::strerror(errno));
    if (S_ISDIR(about.st_mode))
        return fail(Errc::bad_request, path.string() + ": is a folder; put it into a tar (`tar -C " +
                                           path.string() + " -cf FILE.tar .`)");
    if (!S_ISREG(about.st_mode)) return fail(Errc::bad_request, path.string() + ": is not a regular file");
    ::posix_fadvise(opened, 0, 0, POSIX_FADV_SEQUENTIAL);
    return OpenFile{descriptor, static_cast<std::uint64_t>(about.st_size), about.st_mode & 07777U};
}

} // namespace two_path::cli
