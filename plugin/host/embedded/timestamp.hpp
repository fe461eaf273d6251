/// Times as Mender's API writes them.
#pragma once

#include <cstdint>
#include <string>

namespace two_path::host::embedded {

/// RFC 3339 in UTC with milliseconds, of UNIX milliseconds.
[[nodiscard]] std::string rfc3339(std::int64_t unix_milliseconds);

} // namespace two_path::host::embedded
