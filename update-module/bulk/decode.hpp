/// A verified file's own bytes: unpacked when it was packed for the wire, and of exactly the promised size.
#pragma once

#include "protocol/descriptor.hpp"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>

namespace two_path::bulk {

/// Some more bytes, 0 at the end.
using ReadEncoded = std::function<Result<std::size_t>(std::span<std::uint8_t> buffer)>;

/// Reads one file once, from start to end.
class FileSource {
  public:
    /// `path`: a complete file of the store. Fails with io_error, or decode_failed when the file on disk
    /// does not have the descriptor's encoded size. Empty files have no source: create them empty.
    [[nodiscard]] static Result<FileSource> open(const std::filesystem::path& path,
                                                 const DescriptorFile& file);
    /// Of verified blocks in their order. `encoded` is asked for no more than the descriptor's encoded size;
    /// what it fails with stands.
    [[nodiscard]] static Result<FileSource> over(ReadEncoded encoded, const DescriptorFile& file);
    FileSource(FileSource&&) noexcept;
    FileSource& operator=(FileSource&&) noexcept;
    ~FileSource();

    /// The next decoded bytes, 0 at the end. Fails with decode_failed as soon as it is certain that the bytes
    /// are not exactly `file.size`, or that the encoding is damaged; io_error. Never gives more than
    /// `file.size` bytes in all.
    [[nodiscard]] Result<std::size_t> read(std::span<std::uint8_t> buffer);

  private:
    struct State;
    explicit FileSource(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

} // namespace two_path::bulk
