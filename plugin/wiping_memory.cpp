/// The server's own operator new and delete: what is given back is overwritten, so that passwords, tokens and
/// certifications stand nowhere once they are used, in whatever string, JSON value or buffer of a library
/// they were. Left out under sanitizers, which bring their own.
#include <malloc.h>
#include <openssl/crypto.h>

#include <cstddef>
#include <cstdlib>
#include <new>

void* operator new(std::size_t size) {
    for (;;) {
        if (void* const memory = std::malloc(size > 0 ? size : 1)) return memory;
        const auto handler = std::get_new_handler();
        if (handler == nullptr) throw std::bad_alloc();
        handler();
    }
}

void operator delete(void* memory) noexcept {
    if (memory == nullptr) return;
    OPENSSL_cleanse(memory, ::malloc_usable_size(memory));
    std::free(memory);
}

void operator delete(void* memory, std::size_t /*size*/) noexcept {
    operator delete(memory);
}
