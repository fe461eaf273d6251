#include "plugin/catalog/encoder.hpp"

#include "plugin/catalog/tar_writer.hpp"

#include <archive.h>
#include <archive_entry.h>

#include <algorithm>
#include <cstring>
#include <new>
#include <stdexcept>
#include <utility>

namespace two_path::catalog {
namespace {

constexpr std::size_t plain_piece = 128 * 1024;

} // namespace

Encoder::Encoder(Encoding encoding, ByteSource source)
  : encoding_(encoding)
  , source_(std::move(source))
  , packed_(std::make_unique<std::string>()) {
    if (encoding_ != Encoding::none) start();
}

Encoder::~Encoder() = default;

void Encoder::Free::operator()(archive* handle) const noexcept {
    archive_write_free(handle);
}

void Encoder::check(long status) const {
    if (status >= ARCHIVE_OK) return;
    const char* text = archive_error_string(handle_.get());
    throw std::runtime_error(std::string("libarchive cannot pack: ") + (text != nullptr ? text : "?"));
}

void Encoder::start() {
    handle_.reset(archive_write_new());
    if (!handle_) throw std::bad_alloc();
    plain_.resize(plain_piece);
    check(archive_write_set_format_raw(handle_.get()));
    check(set_write_filter(handle_.get(), encoding_));
    check(archive_write_set_bytes_per_block(handle_.get(), 0));
    check(open_in_memory(handle_.get(), *packed_));
    const std::unique_ptr<archive_entry, void (*)(archive_entry*)> entry(archive_entry_new(),
                                                                         &archive_entry_free);
    if (!entry) throw std::bad_alloc();
    archive_entry_set_filetype(entry.get(), AE_IFREG);
    check(archive_write_header(handle_.get(), entry.get()));
}

std::size_t Encoder::take(std::span<std::uint8_t> buffer) {
    const auto count = std::min(buffer.size(), packed_->size() - taken_);
    std::memcpy(buffer.data(), packed_->data() + taken_, count);
    taken_ += count;
    if (taken_ == packed_->size()) {
        packed_->clear();
        taken_ = 0;
    }
    return count;
}

Result<std::size_t> Encoder::read(std::span<std::uint8_t> buffer) {
    if (encoding_ == Encoding::none) return source_(buffer);
    while (packed_->empty() && !ended_) {
        const auto got = source_(plain_);
        if (!got) return got;
        if (*got == 0) {
            check(archive_write_close(handle_.get()));
            ended_ = true;
        } else {
            check(archive_write_data(handle_.get(), plain_.data(), *got));
        }
    }
    return take(buffer);
}

} // namespace two_path::catalog
