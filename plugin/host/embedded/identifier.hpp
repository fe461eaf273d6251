/// UUIDs, which name everything in Mender's API.
#pragma once

#include <string>
#include <string_view>

namespace two_path::host::embedded {

/// A random UUID (RFC 4122, version 4) in lower case. Throws std::runtime_error when the machine has no
/// randomness.
[[nodiscard]] std::string make_uuid();
/// True for the form that make_uuid() gives, of any version.
[[nodiscard]] bool is_uuid(std::string_view text) noexcept;

} // namespace two_path::host::embedded
