/// One file on its way to the plugin: read once, packed, and digested as the device will check it.
#pragma once

#include "plugin/catalog/encoder.hpp"
#include "protocol/descriptor.hpp"
#include "protocol/digest.hpp"

#include <optional>
#include <string>
#include <vector>

namespace two_path::publishing {

/// What is known of a file when its last byte has gone out.
struct WireFile {
    DescriptorFile file;
    std::vector<BlockList> lists; ///< none for an empty file
};

/// Read it to its end; what went out is then known. Not thread-safe.
class WireStream {
  public:
    /// `size`: what the plain file must have, bytes; more or less is bad_request (it changed meanwhile).
    WireStream(std::string name, std::uint64_t size, catalog::ByteSource plain, Encoding encoding,
               std::uint64_t block_size);
    WireStream(const WireStream&) = delete;
    WireStream& operator=(const WireStream&) = delete;

    /// The next bytes for the wire; 0 at the end.
    [[nodiscard]] Result<std::size_t> read(std::span<std::uint8_t> buffer);
    /// Once read() gave 0, and not before.
    [[nodiscard]] const WireFile& sent() const { return sent_.value(); }

  private:
    Result<std::size_t> read_plain(std::span<std::uint8_t> buffer);
    void finish();

    std::string name_;
    std::uint64_t size_;
    catalog::ByteSource plain_;
    Encoding encoding_;
    std::uint64_t plain_read_{0};
    std::optional<Digest> plain_digest_; ///< only where it is not the wire's own
    WireDigester wire_;
    catalog::Encoder encoder_;
    std::optional<WireFile> sent_;
};

/// A file without bytes: described, never carried.
[[nodiscard]] DescriptorFile empty_file(std::string name);

} // namespace two_path::publishing
