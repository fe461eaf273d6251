#include "plugin/cli/publish/payload_folder.hpp"

#include "plugin/cli/publish/open_file.hpp"

#include <cerrno>
#include <cstdlib>
#include <set>
#include <span>
#include <string>
#include <system_error>
#include <vector>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace two_path::cli {
namespace {

constexpr std::size_t piece = 256UL * 1024;

Error system_failure(const std::filesystem::path& path, std::string_view doing) {
    const int number = errno;
    return fail(Errc::io_error, path.string() + ": cannot " + std::string(doing) + ": " +
                                    std::generic_category().message(number));
}

/// A file that goes unless it is kept.
class NewFile {
  public:
    explicit NewFile(const std::filesystem::path& folder)
      : path_((folder / ".payload-XXXXXX").string())
      , descriptor_(::mkostemp(path_.data(), O_CLOEXEC)) {}
    NewFile(const NewFile&) = delete;
    NewFile& operator=(const NewFile&) = delete;
    ~NewFile() {
        if (descriptor_ < 0) return;
        ::close(descriptor_);
        if (!kept_) ::unlink(path_.c_str());
    }

    [[nodiscard]] bool is_open() const { return descriptor_ >= 0; }
    Result<void> write(std::span<const std::uint8_t> bytes) {
        while (!bytes.empty()) {
            const auto count = ::write(descriptor_, bytes.data(), bytes.size());
            if (count < 0 && errno == EINTR) continue;
            if (count < 0) return system_failure(path_, "write");
            bytes = bytes.subspan(static_cast<std::size_t>(count));
        }
        return {};
    }
    Result<void> keep(const std::filesystem::path& file) {
        constexpr mode_t mode = 0644;
        if (::fchmod(descriptor_, mode) != 0) return system_failure(path_, "set permissions");
        if (::fsync(descriptor_) != 0) return system_failure(path_, "sync");
        if (::rename(path_.c_str(), file.c_str()) != 0) return system_failure(file, "replace");
        kept_ = true;
        return {};
    }

  private:
    std::string path_;
    int descriptor_;
    bool kept_{false};
};

Result<void> store_payload(const std::filesystem::path& path, const DescriptorFile& file,
                           std::uint64_t block_size, const Server& server) {
    const auto opened = open_file(path);
    if (!opened) return fail(Errc::bad_request, "--payloads: " + opened.error().detail);
    const auto other = [&] {
        return fail(Errc::bad_request,
                    "--payloads: " + path.string() + ": not the bytes that the artifact describes");
    };
    if (opened->size != file.wire_size) return other();
    publishing::WireStream stream(file.name, opened->size, opened->source({}), Encoding::none, block_size);
    if (auto stored = server.store(stream); !stored) return stored.error();
    if (stream.sent().file.id != file.id) return other();
    return {};
}

} // namespace

Result<void> keep_payload(const std::filesystem::path& folder, publishing::WireStream& stream) {
    std::error_code ec;
    std::filesystem::create_directories(folder, ec);
    NewFile file(folder);
    if (!file.is_open()) return system_failure(folder, "create a file");
    std::vector<std::uint8_t> buffer(piece);
    for (;;) {
        const auto got = stream.read(buffer);
        if (!got) return got.error();
        if (*got == 0) break;
        if (auto written = file.write(std::span(buffer).first(*got)); !written) return written.error();
    }
    return file.keep(folder / stream.sent().file.id);
}

Result<void> store_payloads(const std::filesystem::path& folder, const Descriptor& descriptor,
                            const Server& server) {
    std::set<std::string> stored;
    for (const auto& file : descriptor.files) {
        if (file.empty() || !stored.insert(file.id).second) continue;
        if (auto done = store_payload(folder / file.id, file, descriptor.block_size, server); !done)
            return done.error();
    }
    return {};
}

} // namespace two_path::cli
