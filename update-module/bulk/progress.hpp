/// How far a transfer is.
#pragma once

#include <cstdint>

namespace two_path::bulk {

/// Over the bytes of all files.
struct Progress {
    std::uint64_t bytes{0}; ///< verified
    std::uint64_t total{0};
    double bytes_per_second{0}; ///< since the transfer began
};

} // namespace two_path::bulk
