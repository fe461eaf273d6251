/// What the module says: whole lines on standard error, which the Mender client puts into the deployment log.
#pragma once

#include <string_view>

namespace two_path::device {

/// Writes `two-path: TEXT` and a line end in one write; control characters become `?`, so that nothing from
/// outside forges a line. Never a secret.
void say(std::string_view text);

} // namespace two_path::device
