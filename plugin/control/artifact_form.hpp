/// The form in which Mender's management API takes an artifact (`POST deployments/artifacts`).
#pragma once

#include "plugin/control/https_client.hpp"

#include <string>

namespace two_path::control {

/// Sets the request's body and type: multipart/form-data (RFC 7578), the artifact its last part.
void put_artifact(ClientRequest& request, const std::string& artifact, const std::string& description);

} // namespace two_path::control
