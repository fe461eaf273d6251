/// A small tar in memory, written through libarchive: the same input gives the same bytes.
#pragma once

#include "protocol/descriptor.hpp"

#include <memory>
#include <string>
#include <string_view>

struct archive;

namespace two_path::catalog {

/// Regular files of mode 0600, owner 0, time 0. Throws std::runtime_error when libarchive fails.
class TarWriter {
  public:
    explicit TarWriter(Encoding encoding);
    TarWriter(const TarWriter&) = delete;
    TarWriter& operator=(const TarWriter&) = delete;
    ~TarWriter();

    /// `name` as it shall stand there; at most 255 bytes.
    void add(const std::string& name, std::string_view content);
    /// The whole tar. Nothing can be added afterwards.
    [[nodiscard]] std::string finish();

  private:
    struct Free {
        void operator()(archive* handle) const noexcept;
    };
    std::unique_ptr<std::string> written_;
    std::unique_ptr<archive, Free> handle_;
};

/// Chooses the filter of an encoding, so that equal input gives equal output (no time in gzip's header).
/// Returns libarchive's status.
int set_write_filter(archive* handle, Encoding encoding);
/// Opens a prepared writer, so that it appends to `target`, which must outlive it. Returns libarchive's
/// status.
int open_in_memory(archive* handle, std::string& target);

} // namespace two_path::catalog
