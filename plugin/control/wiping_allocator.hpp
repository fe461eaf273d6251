/// Memory that keeps nothing of what stood in it.
#pragma once

#include <openssl/crypto.h>

#include <cstddef>
#include <memory>

namespace two_path::control {

/// As std::allocator, but what it takes back is overwritten first. For the buffers of a library through which
/// passwords, tokens and certifications go.
template<class T>
class WipingAllocator {
  public:
    using value_type = T;

    WipingAllocator() = default;
    template<class Other>
    explicit(false) WipingAllocator(const WipingAllocator<Other>& /*other*/) noexcept {}

    [[nodiscard]] T* allocate(std::size_t count) { return std::allocator<T>().allocate(count); }
    void deallocate(T* memory, std::size_t count) noexcept {
        OPENSSL_cleanse(memory, count * sizeof(T));
        std::allocator<T>().deallocate(memory, count);
    }

    friend bool operator==(WipingAllocator /*one*/, WipingAllocator /*other*/) noexcept { return true; }
};

} // namespace two_path::control
