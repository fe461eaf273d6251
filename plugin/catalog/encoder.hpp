/// A file's bytes packed for the wire as they are read: gzip, xz, zstd, or as they are.
#pragma once

#include "plugin/catalog/artifact.hpp"
#include "protocol/descriptor.hpp"

#include <memory>
#include <string>
#include <vector>

struct archive;

namespace two_path::catalog {

/// Pulls from `source`, gives packed bytes. The same bytes in give the same bytes out on every machine with
/// the same libarchive. Throws std::runtime_error when libarchive fails.
class Encoder {
  public:
    Encoder(Encoding encoding, ByteSource source);
    Encoder(const Encoder&) = delete;
    Encoder& operator=(const Encoder&) = delete;
    ~Encoder();

    /// The next packed bytes; 0 at the end. Fails with what the source failed with.
    [[nodiscard]] Result<std::size_t> read(std::span<std::uint8_t> buffer);

  private:
    struct Free {
        void operator()(archive* handle) const noexcept;
    };
    void start();
    void check(long status) const;
    std::size_t take(std::span<std::uint8_t> buffer);

    Encoding encoding_;
    ByteSource source_;
    std::vector<std::uint8_t> plain_;
    std::unique_ptr<std::string> packed_; ///< what libarchive wrote and no one has read yet
    std::size_t taken_{0};
    std::unique_ptr<archive, Free> handle_;
    bool ended_{false};
};

} // namespace two_path::catalog
