#include "plugin/durable_file.hpp"

#include <algorithm>
#include <cerrno>
#include <system_error>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace two_path {
namespace {

/// Closes when it goes.
class OpenFile {
  public:
    explicit OpenFile(int descriptor)
      : descriptor_(descriptor) {}
    OpenFile(const OpenFile&) = delete;
    OpenFile& operator=(const OpenFile&) = delete;
    ~OpenFile() {
        if (descriptor_ >= 0) ::close(descriptor_);
    }
    [[nodiscard]] int get() const { return descriptor_; }

  private:
    int descriptor_;
};

Error system_failure(const std::filesystem::path& file, std::string_view doing) {
    const int number = errno;
    std::string text = file.string();
    text.append(": cannot ").append(doing).append(": ").append(std::generic_category().message(number));
    return fail(number == ENOENT ? Errc::not_found : Errc::io_error, std::move(text));
}

bool write_all(int descriptor, std::string_view content) {
    while (!content.empty()) {
        const auto count = ::write(descriptor, content.data(), content.size());
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return false;
        content.remove_prefix(static_cast<std::size_t>(count));
    }
    return true;
}

} // namespace

Result<void> write_durably(const std::filesystem::path& file, std::string_view content, mode_t mode) {
    auto fresh = file;
    fresh += ".new";
    {
        const OpenFile out(
            ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode));
        if (out.get() < 0) return system_failure(fresh, "create");
        // An earlier attempt may have left it with other permissions.
        if (::fchmod(out.get(), mode) != 0) return system_failure(fresh, "set permissions");
        if (!write_all(out.get(), content)) return system_failure(fresh, "write");
        if (::fsync(out.get()) != 0) return system_failure(fresh, "sync");
    }
    if (::rename(fresh.c_str(), file.c_str()) != 0) return system_failure(file, "replace");
    return sync_folder(file.has_parent_path() ? file.parent_path() : std::filesystem::path("."));
}

Result<void> sync_folder(const std::filesystem::path& folder) {
    const OpenFile opened(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (opened.get() < 0 || ::fsync(opened.get()) != 0) return system_failure(folder, "sync");
    return {};
}

Result<std::string> read_small_file(const std::filesystem::path& file, std::size_t limit) {
    const OpenFile in(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
    if (in.get() < 0) return system_failure(file, "open");
    struct stat status {};
    if (::fstat(in.get(), &status) != 0) return system_failure(file, "read");
    auto too_large = [&] {
        return fail(Errc::too_large, file.string() + ": over " + std::to_string(limit) + " bytes");
    };
    const auto expected = static_cast<std::size_t>(status.st_size);
    if (expected > limit) return too_large();
    // One byte more shows the end. What has no size, such as a pipe, is read in growing pieces.
    constexpr std::size_t least = 4096;
    std::string content(std::min(std::max(expected, least), limit) + 1, '\0');
    std::size_t size = 0;
    for (;;) {
        const auto count = ::read(in.get(), content.data() + size, content.size() - size);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return system_failure(file, "read");
        if (count == 0) break;
        size += static_cast<std::size_t>(count);
        if (size > limit) return too_large();
        if (size == content.size()) content.resize(std::min(2 * size, limit + 1));
    }
    content.resize(size);
    return content;
}

} // namespace two_path
