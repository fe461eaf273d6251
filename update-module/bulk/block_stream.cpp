#include "update-module/bulk/block_stream.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <new>
#include <sys/socket.h>
#include <sys/time.h>
#include <system_error>

namespace two_path::bulk {
namespace {

constexpr std::size_t page = 4096;

} // namespace

void BlockBuffer::Free::operator()(std::uint8_t* bytes) const noexcept {
    std::free(bytes);
}

BlockBuffer::BlockBuffer(std::size_t size)
  : bytes_(static_cast<std::uint8_t*>(std::aligned_alloc(page, (size + page - 1) / page * page))) {
    if (!bytes_) throw std::bad_alloc();
}

BlockStream::BlockStream(ftp::Descriptor data, const Patience& patience)
  : data_(std::move(data))
  , patience_(patience) {
    // A blocking recv(2) of a whole block that still looks around once a second.
    const timeval second{1, 0};
    ::setsockopt(data_.get(), SOL_SOCKET, SO_RCVTIMEO, &second, sizeof second);
}

/// Bytes that came, 0 at the end; waits for all of `into` as long as they keep coming.
Attempt<std::size_t> BlockStream::some(std::span<std::uint8_t> into) {
    const auto silent = Deadline::in(patience_.silence);
    for (;;) {
        const auto got = ::recv(data_.get(), into.data(), into.size(), MSG_WAITALL);
        const int error = errno;
        if (patience_.over()) return Setback{Setback::Kind::stopped, {}};
        if (got >= 0) {
            bytes_ += static_cast<std::uint64_t>(got);
            return static_cast<std::size_t>(got);
        }
        if (error != EAGAIN && error != EWOULDBLOCK && error != EINTR)
            return Setback{Setback::Kind::lost, std::generic_category().message(error)};
        if (silent.passed()) return Setback{Setback::Kind::lost, "no byte came in time"};
    }
}

/// Reads no more until the bytes so far are as many as the rate allows: the sender notices by a full window.
Attempt<void> BlockStream::keep_rate() {
    if (patience_.rate == 0) return {};
    const std::chrono::duration<double> due(static_cast<double>(bytes_) /
                                            static_cast<double>(patience_.rate));
    const Deadline until(start_ + std::chrono::duration_cast<Deadline::Clock::duration>(due));
    if (!patience_.wait(until)) return Setback{Setback::Kind::stopped, {}};
    return {};
}

Attempt<void> BlockStream::read(std::span<std::uint8_t> block) {
    const auto end = Deadline::in(patience_.block_time(block.size()));
    // A rate is kept in pieces of half a second: a sender hears of silence, and must not take it for death.
    const auto half_a_second = std::max<std::uint64_t>(patience_.rate / 2, 1);
    const auto piece = patience_.rate == 0
                           ? block.size()
                           : static_cast<std::size_t>(std::min<std::uint64_t>(half_a_second, block.size()));
    while (!block.empty()) {
        const auto got = some(block.first(std::min(piece, block.size())));
        if (!got) return got.error();
        if (auto kept = keep_rate(); !kept) return kept;
        if (*got == 0) return Setback{Setback::Kind::ended_early, "the transfer ended early"};
        if (end.passed()) return Setback{Setback::Kind::lost, "a block came more slowly than `min_rate`"};
        block = block.subspan(*got);
    }
    return {};
}

Attempt<bool> BlockStream::at_end() {
    std::uint8_t extra = 0;
    const auto got = some(std::span(&extra, 1));
    if (!got) return got.error();
    return *got == 0;
}

} // namespace two_path::bulk
