/// The publisher's file, opened once and read from beginning to end.
#pragma once

#include "plugin/catalog/artifact.hpp"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>

namespace two_path::cli {

/// A regular file, open for reading.
struct OpenFile {
    std::shared_ptr<const int> descriptor;
    std::uint64_t size{0};
    unsigned mode{0}; ///< permissions

    /// Reads on from where it stands and tells `progress` of each piece.
    [[nodiscard]] catalog::ByteSource source(std::function<void(std::uint64_t)> progress) const;
};

/// not_found, or bad_request for anything but a regular file; the detail begins with the path.
[[nodiscard]] Result<OpenFile> open_file(const std::filesystem::path& path);

} // namespace two_path::cli
