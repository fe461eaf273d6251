/// An artifact read file by file at the reader's own pace, in one pass over its bytes.
#pragma once

#include "plugin/catalog/artifact.hpp"
#include "plugin/catalog/manifest.hpp"
#include "plugin/catalog/tar_reader.hpp"
#include "protocol/digest.hpp"

#include <memory>
#include <optional>
#include <string>

namespace two_path::catalog {

/// Call open(), then next_file() until it gives none; read() each file. Errors and bounds are those of
/// read_artifact(). What read() gave is trusted only when the file's next_file() came back without error.
class ArtifactReader {
  public:
    /// The source must outlive the reader.
    explicit ArtifactReader(const ByteSource& source);
    ArtifactReader(const ArtifactReader&) = delete;
    ArtifactReader& operator=(const ArtifactReader&) = delete;

    /// Everything before the payload; the signature is kept, not judged.
    [[nodiscard]] Result<void> open();
    /// Checks the file read before (skipping what was left of it) and moves on. None at the artifact's end,
    /// when the manifest has been found complete. Files without checksum yet have an empty `sha256`.
    [[nodiscard]] Result<std::optional<ArtifactFile>> next_file();
    /// The current file's next bytes; 0 at its end.
    [[nodiscard]] Result<std::size_t> read(std::span<std::uint8_t> buffer);

    /// What is known so far: all but the files after open(); `files` holds those whose checksums held.
    [[nodiscard]] const Artifact& artifact() const noexcept { return artifact_; }

  private:
    Result<void> advance(std::string_view wanted);
    [[nodiscard]] Error unexpected(std::string_view wanted) const;
    Result<void> read_version();
    Result<void> read_manifest();
    Result<void> read_signature();
    Result<void> read_header_member();
    Result<void> open_payload();
    Result<void> end_file();
    Result<void> end_artifact();

    Artifact artifact_;
    ByteSource source_;
    TarReader outer_;
    std::unique_ptr<TarReader> payload_;
    TarMember member_;
    Manifest manifest_;
    std::string version_sha256_;
    Digest digest_{DigestKind::sha256};
    std::optional<ArtifactFile> file_;
    std::uint64_t read_{0};
};

} // namespace two_path::catalog
