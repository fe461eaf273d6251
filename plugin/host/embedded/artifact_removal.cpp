#include "plugin/host/embedded/artifact_removal.hpp"

#include "plugin/log.hpp"

namespace two_path::host::embedded {

void remove_with_files(Parts& parts, const std::vector<StoredArtifact>& artifacts) {
    remove_artifacts(parts.database, artifacts);
    for (const auto& artifact : artifacts) {
        const auto removed = parts.files.remove(artifact.sha256);
        if (!removed)
            log(Level::warning,
                "an artifact's file stays until the next start: " + removed.error().message());
    }
}

} // namespace two_path::host::embedded
