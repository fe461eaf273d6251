/// A tar stream, read member by member through libarchive, with bounds and without seeking.
#pragma once

#include "plugin/catalog/artifact.hpp"
#include "protocol/descriptor.hpp"

#include <sys/types.h>

#include <exception>
#include <memory>
#include <optional>
#include <string>

struct archive;

namespace two_path::catalog {

/// A regular file in a tar.
struct TarMember {
    std::string name;
    std::uint64_t size{0};
    std::int64_t modified{0}; ///< UNIX seconds
};

/// The encoding that a tar's name tells (`.tar`, `.tar.gz`, `.tar.xz`, `.tar.zst`) when it begins with
/// `stem`; none for any other name.
[[nodiscard]] std::optional<Encoding> tar_encoding(std::string_view name, std::string_view stem) noexcept;

/// Reads one tar, packed or not. A nested tar is a second reader whose source is the first one's read().
/// Every failure is a bad_request that begins with `place`, or the source's own error.
class TarReader {
  public:
    TarReader(ByteSource source, Encoding encoding, std::string place);
    TarReader(const TarReader&) = delete;
    TarReader& operator=(const TarReader&) = delete;
    ~TarReader();

    /// The next member; skips what is left of the current one. None at the end. Anything but a regular
    /// file is refused.
    [[nodiscard]] Result<std::optional<TarMember>> next();
    /// The current member's next bytes; 0 at its end.
    [[nodiscard]] Result<std::size_t> read(std::span<std::uint8_t> buffer);
    /// The rest of the current member, at most `limit` bytes, else too_large.
    [[nodiscard]] Result<std::string> read_all(std::size_t limit);

  private:
    struct Free {
        void operator()(archive* handle) const noexcept;
    };
    static ssize_t pull(archive* handle, void* self, const void** buffer);
    Result<void> open();
    [[nodiscard]] Error failure();

    ByteSource source_;
    Encoding encoding_;
    std::string place_;
    std::string member_;
    std::unique_ptr<std::uint8_t[]> buffer_;
    std::optional<Error> source_error_;
    std::exception_ptr source_exception_;
    std::unique_ptr<archive, Free> handle_;
    bool opened_{false};
};

} // namespace two_path::catalog
