/// What publishing makes of a file or an artifact: the release's descriptor and the artifact that carries it.
#pragma once

#include "plugin/catalog/artifact_signature.hpp"
#include "plugin/catalog/artifact_writer.hpp"
#include "plugin/cli/publish/wire_stream.hpp"

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace two_path::cli {

/// What the publisher says of a release, whatever it is made of.
struct ReleaseOptions {
    std::string name; ///< empty: made of the file's name and the version, or the wrapped artifact's name
    std::string version;
    std::string stream; ///< empty: the installer's type
    std::uint64_t sequence{0};
    std::vector<std::string> allow_from;
    std::string version_file; ///< empty: the device's version command
    bool version_check{true};
    Reboot reboot{Reboot::as_installer};
    Encoding encoding{Encoding::none};
    std::uint64_t block_size{1024 * 1024};
    bool ask_device{false};
};

/// What must be said beside when the file is not an artifact yet.
struct PlainOptions {
    std::string installer;
    std::vector<std::string> device_types;
    std::string dest_dir;   ///< single-file and directory only
    json::object meta_data; ///< for the installer
};

/// Where a release goes while it is made; every function must be set.
struct Destination {
    /// Called once, before the first file is stored: may refuse the release (its files are not known yet).
    std::function<Result<void>(const Descriptor&)> begin;
    /// Takes a file's bytes for the wire to where they are kept, to the end, and checks what arrived.
    std::function<Result<void>(WireStream&)> store;
    /// Told of the bytes read from the publisher's file.
    std::function<void(std::uint64_t bytes)> progress;
};

struct Publication {
    Descriptor descriptor;
    catalog::ArtifactContent artifact;
    std::vector<std::string> warnings;
};

/// A plain file for an installer (docs/operations.md lists what each gets), read once. bad_request says which
/// option or file is wrong; what the destination failed with.
[[nodiscard]] Result<Publication> publish_file(const std::filesystem::path& file, const PlainOptions& plain,
                                               const ReleaseOptions& options, const Destination& destination);

/// An existing artifact, read once: its type, JSON, scripts and names come along. unsupported, by name: what
/// cannot be wrapped; bad_signature when `verify` is given and does not fit, before any byte is stored.
[[nodiscard]] Result<Publication> wrap_artifact(const std::filesystem::path& file,
                                                const std::optional<catalog::SignatureKey>& verify,
                                                const ReleaseOptions& options,
                                                const Destination& destination);

/// True when the file begins like a Mender Artifact; false also when it cannot be read.
[[nodiscard]] bool looks_like_artifact(const std::filesystem::path& file);

} // namespace two_path::cli
