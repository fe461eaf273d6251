/// The artifacts and releases that a Mender server keeps: listed, fetched from, uploaded to.
#pragma once

#include "plugin/host/host.hpp"
#include "plugin/host/mender/answers.hpp"
#include "plugin/host/mender/management.hpp"

#include <string>
#include <vector>

namespace two_path::host::mender {

// Beside what is said of each: unavailable, when the server does not answer.

/// Host::artifacts().
awaitable<Result<std::vector<KeptArtifact>>> two_path_artifacts(Management& management);

/// All artifacts of a release. not_found: there is none.
awaitable<Result<std::vector<ListedArtifact>>> artifacts_of(Management& management, std::string release);

/// The releases that have this tag; none on servers that know no tags.
awaitable<Result<std::vector<std::string>>> tagged_releases(Management& management, std::string tag);

/// Where the artifact can be fetched for some minutes: a URL that is a secret. not_found: it is gone.
awaitable<Result<std::string>> download_link(Management& management, std::string artifact);

/// Gives the new artifact's id. conflict: one of that name is there for the same device type; bad_request,
/// too_large: the server does not take it; unavailable: perhaps it has it all the same.
awaitable<Result<std::string>> upload_artifact(Management& management, std::string artifact,
                                               std::string description);

} // namespace two_path::host::mender
