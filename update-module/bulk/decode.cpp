#include "update-module/bulk/decode.hpp"

#include "update-module/durable_file.hpp"

#include <archive.h>
#include <archive_entry.h>

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <string>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

namespace two_path::bulk {
namespace {

constexpr std::size_t read_size = std::size_t{64} * 1024;
constexpr std::size_t copy_size = std::size_t{1024} * 1024;

struct FreeArchive {
    void operator()(archive* reader) const noexcept { archive_read_free(reader); }
};
using Archive = std::unique_ptr<archive, FreeArchive>;

int filter_of(Encoding encoding) noexcept {
    switch (encoding) {
    case Encoding::gzip:
        return ARCHIVE_FILTER_GZIP;
    case Encoding::xz:
        return ARCHIVE_FILTER_XZ;
    case Encoding::zstd:
        return ARCHIVE_FILTER_ZSTD;
    case Encoding::none:
        break;
    }
    return ARCHIVE_FILTER_NONE;
}

} // namespace

struct FileSource::State {
    std::filesystem::path path;
    ftp::Descriptor file;
    Archive reader; ///< null: the bytes are plain
    std::string name;
    Encoding encoding;
    std::uint64_t size;      ///< decoded
    std::uint64_t wire_size; ///< encoded
    std::uint64_t done{0};

    Error damaged(const std::string& what) const {
        return fail(Errc::decode_failed, name + " (" + std::string(name_of(encoding)) + "): " + what);
    }
    /// The reader's latest trouble.
    Error reader_error() const {
        const char* text = archive_error_string(reader.get());
        return damaged(text != nullptr ? text : "damaged");
    }

    Result<void> start_decoder();
    Result<std::size_t> pull(std::span<std::uint8_t> into);
    Result<void> check_end();
};

Result<void> FileSource::State::start_decoder() {
    // Exactly one layer, the announced one: a payload that is itself a gzip file must come out as such.
    reader.reset(archive_read_new());
    archive_entry* entry = nullptr;
    if (!reader || archive_read_append_filter(reader.get(), filter_of(encoding)) < ARCHIVE_WARN ||
        archive_read_support_format_raw(reader.get()) != ARCHIVE_OK ||
        archive_read_open_fd(reader.get(), file.get(), read_size) != ARCHIVE_OK ||
        archive_read_next_header(reader.get(), &entry) != ARCHIVE_OK)
        return reader_error();
    return {};
}

/// Some bytes, or 0 at the end of what the file or the decoder gives.
Result<std::size_t> FileSource::State::pull(std::span<std::uint8_t> into) {
    for (;;) {
        const auto got = reader ? archive_read_data(reader.get(), into.data(), into.size())
                                : ::read(file.get(), into.data(), into.size());
        if (got >= 0) return static_cast<std::size_t>(got);
        if (got == ARCHIVE_RETRY && reader) continue;
        if (reader) return reader_error();
        if (errno != EINTR) return device::storage_error("read", path.string(), errno);
    }
}

/// Called when all promised bytes are out: there must be no more, neither decoded nor encoded.
Result<void> FileSource::State::check_end() {
    std::uint8_t extra = 0;
    const auto got = pull(std::span(&extra, 1));
    if (!got) return got.error();
    if (*got != 0) return damaged("more than the promised " + std::to_string(size) + " bytes");
    if (reader && archive_filter_bytes(reader.get(), -1) != static_cast<la_int64_t>(wire_size))
        return damaged("bytes behind the end of the encoded data");
    return {};
}

FileSource::FileSource(std::unique_ptr<State> state)
  : state_(std::move(state)) {}
FileSource::FileSource(FileSource&&) noexcept = default;
FileSource& FileSource::operator=(FileSource&&) noexcept = default;
FileSource::~FileSource() = default;

Result<FileSource> FileSource::open(const std::filesystem::path& path, const DescriptorFile& file) {
    ftp::Descriptor opened(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    struct stat about {};
    if (!opened || ::fstat(opened.get(), &about) != 0)
        return device::storage_error("open", path.string(), errno);
    auto state = std::unique_ptr<State>(
        new State{path, std::move(opened), nullptr, file.name, file.encoding, file.size, file.wire_size});
    if (static_cast<std::uint64_t>(about.st_size) != file.wire_size)
        return state->damaged(std::to_string(about.st_size) + " bytes in the store instead of " +
                              std::to_string(file.wire_size));
    if (file.encoding != Encoding::none)
        if (auto started = state->start_decoder(); !started) return started.error();
    return FileSource(std::move(state));
}

Result<std::size_t> FileSource::read(std::span<std::uint8_t> buffer) {
    auto& state = *state_;
    const auto wanted =
        static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), state.size - state.done));
    if (wanted == 0) return std::size_t{0};
    const auto got = state.pull(buffer.first(wanted));
    if (!got) return got.error();
    if (*got == 0)
        return state.damaged("ends after " + std::to_string(state.done) + " of " +
                             std::to_string(state.size) + " bytes");
    state.done += *got;
    // Checked with the last bytes in hand, so that nobody uses a file that goes on.
    if (state.done == state.size)
        if (auto ended = state.check_end(); !ended) return ended.error();
    return *got;
}

Result<void> FileSource::write_to(int descriptor) {
    auto& state = *state_;
    while (plain() && state.done < state.size) {
        const auto copied = ::copy_file_range(state.file.get(), nullptr, descriptor, nullptr,
                                              static_cast<std::size_t>(std::min<std::uint64_t>(
                                                  state.size - state.done, std::uint64_t{1} << 30U)),
                                              0);
        if (copied < 0 && errno == EINTR) continue;
        if (copied <= 0) break; // other file systems, old kernels: the loop below says what is wrong
        state.done += static_cast<std::uint64_t>(copied);
    }
    std::vector<std::uint8_t> buffer(std::min<std::uint64_t>(state.size - state.done, copy_size));
    for (;;) {
        const auto got = read(buffer);
        if (!got) return got.error();
        if (*got == 0) return {};
        for (ByteView rest(buffer.data(), *got); !rest.empty();) {
            const auto written = ::write(descriptor, rest.data(), rest.size());
            if (written < 0 && errno == EINTR) continue;
            if (written < 0) return device::storage_error("write", state.name, errno);
            rest = rest.subspan(static_cast<std::size_t>(written));
        }
    }
}

bool FileSource::plain() const noexcept {
    return !state_->reader;
}

} // namespace two_path::bulk
