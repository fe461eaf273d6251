#include "plugin/catalog/tar_writer.hpp"

#include <archive.h>
#include <archive_entry.h>

#include <sys/types.h>

#include <cerrno>
#include <new>
#include <stdexcept>
#include <utility>

namespace two_path::catalog {
namespace {

ssize_t append(archive* handle, void* target, const void* bytes, std::size_t size) {
    try {
        static_cast<std::string*>(target)->append(static_cast<const char*>(bytes), size);
        return static_cast<ssize_t>(size);
    } catch (...) {
        archive_set_error(handle, ENOMEM, "out of memory");
        return -1;
    }
}

void check(archive* handle, int status) {
    if (status == ARCHIVE_OK) return;
    const char* text = archive_error_string(handle);
    throw std::runtime_error(std::string("libarchive cannot write: ") + (text != nullptr ? text : "?"));
}

} // namespace

int set_write_filter(archive* handle, Encoding encoding) {
    switch (encoding) {
    case Encoding::none:
        return archive_write_add_filter_none(handle);
    case Encoding::gzip:
        if (const int added = archive_write_add_filter_gzip(handle); added != ARCHIVE_OK) return added;
        return archive_write_set_filter_option(handle, "gzip", "timestamp", nullptr);
    case Encoding::xz:
        return archive_write_add_filter_xz(handle);
    case Encoding::zstd:
        return archive_write_add_filter_zstd(handle);
    }
    return ARCHIVE_FATAL;
}

int open_in_memory(archive* handle, std::string& target) {
    return archive_write_open(handle, &target, nullptr, &append, nullptr);
}

TarWriter::TarWriter(Encoding encoding)
  : written_(std::make_unique<std::string>())
  , handle_(archive_write_new()) {
    if (!handle_) throw std::bad_alloc();
    auto* handle = handle_.get();
    check(handle, archive_write_set_format_ustar(handle));
    check(handle, set_write_filter(handle, encoding));
    check(handle, archive_write_set_bytes_per_block(handle, 0));
    check(handle, open_in_memory(handle, *written_));
}

TarWriter::~TarWriter() = default;

void TarWriter::Free::operator()(archive* handle) const noexcept {
    archive_write_free(handle);
}

void TarWriter::add(const std::string& name, std::string_view content) {
    const std::unique_ptr<archive_entry, void (*)(archive_entry*)> entry(archive_entry_new(),
                                                                         &archive_entry_free);
    if (!entry) throw std::bad_alloc();
    archive_entry_set_pathname(entry.get(), name.c_str());
    archive_entry_set_filetype(entry.get(), AE_IFREG);
    archive_entry_set_perm(entry.get(), 0600);
    archive_entry_set_size(entry.get(), static_cast<la_int64_t>(content.size()));
    archive_entry_set_mtime(entry.get(), 0, 0);
    check(handle_.get(), archive_write_header(handle_.get(), entry.get()));
    const auto written = archive_write_data(handle_.get(), content.data(), content.size());
    if (written != static_cast<ssize_t>(content.size())) check(handle_.get(), ARCHIVE_FATAL);
}

std::string TarWriter::finish() {
    check(handle_.get(), archive_write_close(handle_.get()));
    handle_.reset();
    return std::move(*written_);
}

} // namespace two_path::catalog
