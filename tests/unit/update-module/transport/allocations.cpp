#include "tests/unit/update-module/transport/allocations.hpp"

#include <cstddef>

namespace two_path::tests {
namespace {

thread_local std::uint64_t count = 0;

} // namespace

std::uint64_t allocations() noexcept {
    return count;
}

// These take the place of libc's, and pass on to what libc's are names of.
extern "C" {
void* __libc_malloc(std::size_t size);
void* __libc_calloc(std::size_t items, std::size_t size);
void* __libc_realloc(void* old, std::size_t size);
void* __libc_memalign(std::size_t alignment, std::size_t size);

void* malloc(std::size_t size) noexcept {
    ++count;
    return __libc_malloc(size);
}
void* calloc(std::size_t items, std::size_t size) noexcept {
    ++count;
    return __libc_calloc(items, size);
}
void* realloc(void* old, std::size_t size) noexcept {
    ++count;
    return __libc_realloc(old, size);
}
void* aligned_alloc(std::size_t alignment, std::size_t size) noexcept {
    ++count;
    return __libc_memalign(alignment, size);
}
}

} // namespace two_path::tests
