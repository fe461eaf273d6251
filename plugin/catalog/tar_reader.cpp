#include "plugin/catalog/tar_reader.hpp"

#include <archive.h>
#include <archive_entry.h>

#include <array>
#include <cerrno>
#include <new>
#include <utility>

namespace two_path::catalog {
namespace {

constexpr std::size_t buffer_size = 64 * 1024;

void accept_encoding(archive* handle, Encoding encoding) {
    switch (encoding) {
    case Encoding::none:
        archive_read_support_filter_none(handle);
        break;
    case Encoding::gzip:
        archive_read_support_filter_gzip(handle);
        break;
    case Encoding::xz:
        archive_read_support_filter_xz(handle);
        break;
    case Encoding::zstd:
        archive_read_support_filter_zstd(handle);
        break;
    }
}

std::string name_of(archive_entry* entry) {
    // The first is null when a UTF-8 name cannot be told in this process's locale.
    if (const char* name = archive_entry_pathname(entry)) return name;
    if (const char* name = archive_entry_pathname_utf8(entry)) return name;
    return {};
}

} // namespace

std::optional<Encoding> tar_encoding(std::string_view name, std::string_view stem) noexcept {
    if (!name.starts_with(stem)) return std::nullopt;
    const auto suffix = name.substr(stem.size());
    if (suffix == ".tar") return Encoding::none;
    if (suffix == ".tar.gz") return Encoding::gzip;
    if (suffix == ".tar.xz") return Encoding::xz;
    if (suffix == ".tar.zst") return Encoding::zstd;
    return std::nullopt;
}

TarReader::TarReader(ByteSource source, Encoding encoding, std::string place)
  : source_(std::move(source))
  , encoding_(encoding)
  , place_(std::move(place))
  , buffer_(std::make_unique<std::uint8_t[]>(buffer_size))
  , handle_(archive_read_new()) {
    if (!handle_) throw std::bad_alloc();
}

TarReader::~TarReader() = default;

void TarReader::Free::operator()(archive* handle) const noexcept {
    archive_read_free(handle);
}

ssize_t TarReader::pull(archive* handle, void* self, const void** buffer) {
    auto& reader = *static_cast<TarReader*>(self);
    try {
        const auto got = reader.source_({reader.buffer_.get(), buffer_size});
        if (got) {
            *buffer = reader.buffer_.get();
            return static_cast<ssize_t>(*got);
        }
        reader.source_error_ = got.error();
    } catch (...) {
        reader.source_exception_ = std::current_exception();
    }
    archive_set_error(handle, EIO, "no more bytes");
    return -1;
}

Error TarReader::failure() {
    if (source_exception_) std::rethrow_exception(std::exchange(source_exception_, nullptr));
    if (source_error_) return *source_error_;
    const char* text = archive_error_string(handle_.get());
    return fail(Errc::bad_request, place_ + (member_.empty() ? "" : ": " + member_) + ": " +
                                       (text != nullptr ? text : "cannot be read"));
}

Result<void> TarReader::open() {
    auto* handle = handle_.get();
    accept_encoding(handle, encoding_);
    archive_read_support_format_tar(handle);
    archive_read_support_format_empty(handle);
    if (archive_read_open(handle, this, nullptr, &TarReader::pull, nullptr) != ARCHIVE_OK) return failure();
    opened_ = true;
    return {};
}

Result<std::optional<TarMember>> TarReader::next() {
    if (!opened_) {
        if (auto opened = open(); !opened) return opened.error();
    }
    archive_entry* entry = nullptr;
    const int got = archive_read_next_header(handle_.get(), &entry);
    if (got == ARCHIVE_EOF) return std::optional<TarMember>{};
    if (got != ARCHIVE_OK && got != ARCHIVE_WARN) return failure();

    member_ = name_of(entry);
    if (member_.empty()) return fail(Errc::bad_request, place_ + ": a member without a readable name");
    if (archive_entry_filetype(entry) != AE_IFREG || archive_entry_hardlink(entry) != nullptr ||
        archive_entry_size_is_set(entry) == 0)
        return fail(Errc::bad_request, place_ + ": " + member_ + " is not a regular file");
    return std::optional<TarMember>{
        {member_, static_cast<std::uint64_t>(archive_entry_size(entry)), archive_entry_mtime(entry)}};
}

Result<std::size_t> TarReader::read(std::span<std::uint8_t> buffer) {
    const auto got = archive_read_data(handle_.get(), buffer.data(), buffer.size());
    if (got < 0) return failure();
    return static_cast<std::size_t>(got);
}

Result<std::string> TarReader::read_all(std::size_t limit) {
    std::string all;
    std::array<std::uint8_t, 16 * 1024> part;
    while (true) {
        const auto got = read(part);
        if (!got) return got.error();
        if (*got == 0) return all;
        if (*got > limit - all.size())
            return fail(Errc::too_large,
                        place_ + ": " + member_ + " has more than " + std::to_string(limit) + " bytes");
        all.append(part.begin(), part.begin() + static_cast<std::ptrdiff_t>(*got));
    }
}

} // namespace two_path::catalog
