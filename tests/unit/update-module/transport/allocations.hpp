/// Counts allocations.
#pragma once

#include <cstdint>

namespace two_path::tests {

/// Of this thread so far: by operator new, by C libraries, and for exceptions. A program that this is linked
/// into has no sanitizer, which would have an allocator of its own.
[[nodiscard]] std::uint64_t allocations() noexcept;

} // namespace two_path::tests
