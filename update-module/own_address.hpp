/// This machine's addresses.
#pragma once

#include "protocol/error.hpp"

#include <string>

namespace two_path::device {

/// `name` itself when it is an address, else the first address of the network interface of that name that
/// other machines can reach, IPv4 before IPv6. bad_configuration when there is none (yet).
[[nodiscard]] Result<std::string> own_address(const std::string& name);

} // namespace two_path::device
