/// TCP ports, both ends included.
#pragma once

#include <cstdint>

namespace two_path::ftp {

struct PortRange {
    std::uint16_t first = 0;
    std::uint16_t last = 0;

    bool contains(std::uint16_t port) const noexcept { return first <= port && port <= last; }
};

} // namespace two_path::ftp
