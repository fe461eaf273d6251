/// Which of the digests this device computes fastest.
#pragma once

#include "protocol/digest.hpp"

#include <array>
#include <string>
#include <vector>

namespace two_path::device {

/// By DigestKind, in bytes per second.
using DigestSpeeds = std::array<double, all_digests.size()>;

[[nodiscard]] std::vector<DigestKind> fastest_first(const DigestSpeeds& speeds);

/// All digests, fastest first: measured once, in about 0.1 s, and kept in `<state_dir>/digests.json` until
/// another release of the module or of OpenSSL runs. Where it cannot be kept it is measured again.
[[nodiscard]] std::vector<DigestKind> fastest_digests(const std::string& state_dir);

} // namespace two_path::device
