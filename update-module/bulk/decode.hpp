/// A verified file's own bytes: unpacked when it was packed for the wire, and of exactly the promised size.
#pragma once

#include "ftp/descriptor.hpp"
#include "protocol/descriptor.hpp"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>

namespace two_path::bulk {

/// Reads one file once, from start to end.
class FileSource {
  public:
    /// `path`: a complete file of the store. Fails with io_error, or decode_failed when the file on disk
    /// does not have the descriptor's encoded size. Empty files have no source: create them empty.
    [[nodiscard]] static Result<FileSource> open(const std::filesystem::path& path,
                                                 const DescriptorFile& file);
    FileSource(FileSource&&) noexcept;
    FileSource& operator=(FileSource&&) noexcept;
    ~FileSource();

    /// The next decoded bytes, 0 at the end. Fails with decode_failed as soon as it is certain that the bytes
    /// are not exactly `file.size`, or that the encoding is damaged; io_error. Never gives more than
    /// `file.size` bytes in all.
    [[nodiscard]] Result<std::size_t> read(std::span<std::uint8_t> buffer);

    /// All of it into a file (from its current offset), by copy_file_range(2) where the bytes are not
    /// encoded. Fails as `read`, and with no_room or io_error for the file written.
    [[nodiscard]] Result<void> write_to(int descriptor);

    /// The bytes in the store are the file's own: it may be hard-linked instead of read.
    [[nodiscard]] bool plain() const noexcept;

  private:
    struct State;
    explicit FileSource(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

} // namespace two_path::bulk
