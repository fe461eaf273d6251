/// The release as the device must trust it: the descriptor artifact's meta-data (docs/protocol.md).
#pragma once

#include "protocol/digest.hpp"
#include "protocol/json.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace two_path {

/// How a file's bytes are packed on the wire; the device unpacks after the block check.
enum class Encoding : std::uint8_t { none, gzip, xz, zstd };
[[nodiscard]] std::string_view name_of(Encoding encoding) noexcept;
[[nodiscard]] std::optional<Encoding> encoding_from_name(std::string_view name) noexcept;

/// Whether the device restarts also when the installer does not ask for it.
enum class Reboot : std::uint8_t { as_installer, always };
[[nodiscard]] std::string_view name_of(Reboot reboot) noexcept;

/// One file of a release.
struct DescriptorFile {
    std::string name;      ///< as the installer sees it: no `/`, no control characters, 1 to 255 bytes
    std::uint64_t size{0}; ///< decoded, bytes
    std::string sha256;    ///< of the decoded bytes, hex; names the content for people and catalogues
    Encoding encoding{Encoding::none};
    std::uint64_t wire_size{0}; ///< encoded, bytes
    std::string id; ///< `wire.sha256`: SHA-256 of the encoded bytes, hex; the file's name on the second path
    std::map<DigestKind, std::string> blocks; ///< SHA-256 (hex) of the block list of each digest

    [[nodiscard]] bool empty() const noexcept { return size == 0; }
    /// The member of `data/0000.tar.gz` that holds the block list: `<id>.<digest>`.
    [[nodiscard]] std::string list_name(DigestKind kind) const;
};

/// The update module that installs the files, and what Mender would have told it.
struct Installer {
    std::string type; ///< name in Mender's modules/v3; never `two-path`, no `/`
    json::object type_info;
    json::object meta_data;
    Reboot reboot{Reboot::as_installer};
};

/// Everything that must be trusted, none of the bulk.
struct Descriptor {
    static constexpr std::uint64_t format = 1;
    static constexpr std::size_t max_files = 64;
    static constexpr std::size_t max_text = 32 * 1024; ///< bytes of meta-data
    static constexpr std::uint64_t min_block = 64 * 1024;
    static constexpr std::uint64_t max_block = 4 * 1024 * 1024;

    std::string release; ///< = Mender's artifact name
    std::string version; ///< what the installed software must say of itself
    std::string stream;  ///< the software it updates
    std::uint64_t sequence{0};
    std::vector<std::string> allow_from; ///< versions that may go back to this sequence
    Installer installer;
    std::string version_file; ///< `PATH[:KEY]`; empty: the device's version command
    bool version_check{true}; ///< false: confirmed without a version (published with --no-version-check)
    std::uint64_t block_size{1024 * 1024};
    std::vector<DescriptorFile> files; ///< in the order in which the installer gets them

    /// Encoded bytes of all files.
    [[nodiscard]] std::uint64_t wire_size() const noexcept;
};

/// Reads `{"two_path": {...}}`. bad_descriptor: what contradicts itself or a bound; unsupported: another
/// format, an encoding or an installer that this release does not serve. Unknown fields and digests are
/// ignored.
[[nodiscard]] Result<Descriptor> parse_descriptor(std::string_view meta_data);
/// The other way; parse_descriptor() gives the same back.
[[nodiscard]] json::object to_json(const Descriptor& descriptor);

/// Checks a release name, version, stream or file name: 1 to 255 bytes, no control characters.
[[nodiscard]] bool is_name(std::string_view text) noexcept;

} // namespace two_path
