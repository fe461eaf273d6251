/// What publishing makes of a file or an artifact: the release's descriptor and the artifact that carries it.
#pragma once

#include "plugin/catalog/artifact_writer.hpp"
#include "plugin/publishing/release_options.hpp"
#include "plugin/publishing/wire_stream.hpp"

#include <functional>
#include <string>
#include <vector>

namespace two_path::publishing {

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

/// Whether an artifact may be taken, once its header and manifest are read; its error refuses it.
using Judge = std::function<Result<void>(const catalog::Artifact&)>;

/// An existing artifact, read once: its type, JSON, scripts and names come along. `label` names it in
/// messages. unsupported, by name: what cannot be wrapped; what `judge` says, before any byte is stored.
[[nodiscard]] Result<Publication> wrap_artifact(const std::string& label, const catalog::ByteSource& source,
                                                const Judge& judge, const ReleaseOptions& options,
                                                const Destination& destination);

} // namespace two_path::publishing
