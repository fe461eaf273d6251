/// Whole blocks from an open data connection into one buffer.
#pragma once

#include "ftp/descriptor.hpp"
#include "update-module/bulk/connection.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

namespace two_path::bulk {

/// One page-aligned buffer, used again for each block.
class BlockBuffer {
  public:
    /// Throws std::bad_alloc.
    explicit BlockBuffer(std::size_t size);
    /// The first `size` bytes of it.
    [[nodiscard]] std::span<std::uint8_t> first(std::size_t size) const noexcept {
        return {bytes_.get(), size};
    }

  private:
    struct Free {
        void operator()(std::uint8_t* bytes) const noexcept;
    };
    std::unique_ptr<std::uint8_t, Free> bytes_;
};

/// Reads the data connection to its end. Nothing that comes is looked at here.
class BlockStream {
  public:
    BlockStream(ftp::Descriptor data, const Patience& patience);

    /// Fills `block`. Fails with ended_early when the stream ends before; with lost when it breaks, is
    /// silent, or takes longer than Patience::block_time; or stopped.
    Attempt<void> read(std::span<std::uint8_t> block);
    /// Whether the stream ends here; one that goes on is a server that sends more than the file.
    Attempt<bool> at_end();
    /// All that `read` and `at_end` took from the network.
    [[nodiscard]] std::uint64_t bytes() const noexcept { return bytes_; }

  private:
    Attempt<std::size_t> some(std::span<std::uint8_t> into);
    Attempt<void> keep_rate();

    ftp::Descriptor data_;
    const Patience& patience_;
    const Deadline::Clock::time_point start_{Deadline::Clock::now()};
    std::uint64_t bytes_{0};
};

} // namespace two_path::bulk
