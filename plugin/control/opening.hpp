/// Whether a device may open a session: what it asks for, what is deployed to it, what the catalog holds.
#pragma once

#include "plugin/catalog/payloads.hpp"
#include "plugin/host/host.hpp"
#include "plugin/state/store.hpp"

#include <optional>
#include <string>

namespace two_path::control {

/// Whether the request fits together. unsupported, by name: a descriptor format that this release does not
/// serve.
[[nodiscard]] Result<void> is_served(const messages::OpenRequest& request);

/// The published release that the device's active deployment gives it. not_deployed: another one or none, or
/// one whose block lists are not those of the release published here; payload_missing: not published here, or
/// not in the catalog; payload_refused: the request's files are not the release's; unsupported: no digest in
/// common.
[[nodiscard]] Result<state::Release> release_for(const std::optional<host::ActiveDeployment>& deployment,
                                                 const messages::OpenRequest& request, state::Store& store,
                                                 const catalog::Payloads& payloads);

/// A session with a new id, not yet stored. `request` loses its secret and its file ids.
[[nodiscard]] state::Session new_session(std::string device, std::string deployment,
                                         const state::Release& release, messages::OpenRequest request);

} // namespace two_path::control
