#include "update-module/bulk/decode.hpp"

#include "ftp/descriptor.hpp"
#include "update-module/durable_file.hpp"

#include <archive.h>
#include <archive_entry.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <string>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace two_path::bulk {
namespace {

constexpr std::size_t read_size = std::size_t{64} * 1024;

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
    ReadEncoded encoded;
    std::string name;
    Encoding encoding;
    std::uint64_t size;      ///< decoded
    std::uint64_t wire_size; ///< encoded
    std::uint64_t wire_done{0};
    std::uint64_t done{0};
    Archive reader{};              ///< null: the bytes are plain
    std::optional<Error> failed{}; ///< of `encoded`
    Bytes buffer{};                ///< what the reader works on

    Error damaged(const std::string& what) const {
        return fail(Errc::decode_failed, name + " (" + std::string(name_of(encoding)) + "): " + what);
    }
    /// The reader's latest trouble.
    Error reader_error() const {
        if (failed) return *failed;
        const char* text = archive_error_string(reader.get());
        return damaged(text != nullptr ? text : "damaged");
    }

    Result<std::size_t> more(std::span<std::uint8_t> into);
    static la_ssize_t feed(archive* reader, void* self, const void** bytes);
    Result<void> start_decoder();
    Result<std::size_t> pull(std::span<std::uint8_t> into);
    Result<void> check_end();
};

/// Encoded bytes of this file.
Result<std::size_t> FileSource::State::more(std::span<std::uint8_t> into) {
    const auto wanted = std::min<std::uint64_t>(into.size(), wire_size - wire_done);
    if (wanted == 0) return std::size_t{0};
    const auto got = encoded(into.first(static_cast<std::size_t>(wanted)));
    if (got) wire_done += *got;
    return got;
}

/// libarchive asks for more.
la_ssize_t FileSource::State::feed(archive*, void* self, const void** bytes) {
    auto& state = *static_cast<State*>(self);
    const auto got = state.more(state.buffer);
    if (!got) {
        state.failed = got.error();
        return ARCHIVE_FATAL;
    }
    *bytes = state.buffer.data();
    return static_cast<la_ssize_t>(*got);
}

Result<void> FileSource::State::start_decoder() {
    // Exactly one layer, the announced one: a payload that is itself a gzip file must come out as such.
    buffer.resize(read_size);
    reader.reset(archive_read_new());
    archive_entry* entry = nullptr;
    if (!reader || archive_read_append_filter(reader.get(), filter_of(encoding)) < ARCHIVE_WARN ||
        archive_read_support_format_raw(reader.get()) != ARCHIVE_OK ||
        archive_read_open(reader.get(), this, nullptr, &State::feed, nullptr) != ARCHIVE_OK ||
        archive_read_next_header(reader.get(), &entry) != ARCHIVE_OK)
        return reader_error();
    return {};
}

/// Some bytes, or 0 at the end of what the file or the decoder gives.
Result<std::size_t> FileSource::State::pull(std::span<std::uint8_t> into) {
    if (!reader) return more(into);
    for (;;) {
        const auto got = archive_read_data(reader.get(), into.data(), into.size());
        if (got >= 0) return static_cast<std::size_t>(got);
        if (got != ARCHIVE_RETRY) return reader_error();
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
    const auto opened =
        std::make_shared<ftp::Descriptor>(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    struct stat about {};
    if (!*opened || ::fstat(opened->get(), &about) != 0)
        return device::storage_error("open", path.string(), errno);
    if (static_cast<std::uint64_t>(about.st_size) != file.wire_size)
        return fail(Errc::decode_failed, file.name + ": " + std::to_string(about.st_size) +
                                             " bytes in the store instead of " +
                                             std::to_string(file.wire_size));
    return over(
        [path, opened](std::span<std::uint8_t> into) -> Result<std::size_t> {
            for (;;) {
                const auto got = ::read(opened->get(), into.data(), into.size());
                if (got >= 0) return static_cast<std::size_t>(got);
                if (errno != EINTR) return device::storage_error("read", path.string(), errno);
            }
        },
        file);
}

Result<FileSource> FileSource::over(ReadEncoded encoded, const DescriptorFile& file) {
    auto state = std::unique_ptr<State>(
        new State{std::move(encoded), file.name, file.encoding, file.size, file.wire_size});
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

} // namespace two_path::bulk
