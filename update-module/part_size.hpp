/// How many bytes to ask for at a time over the first path.
#pragma once

#include "update-module/deadline.hpp"

#include <cstddef>
#include <cstdint>

namespace two_path::device {

/// Follows the link, so that a part arrives within about a second: an exchange must be over within four.
class PartSize {
  public:
    /// `rate`: bytes per second that will be taken, 0: all that come. No part is more than two seconds of it:
    /// the plugin forgets who does not ask for a minute.
    explicit PartSize(std::uint64_t rate) noexcept;

    /// Of the next part, where so many bytes are left.
    [[nodiscard]] std::size_t of(std::uint64_t left) const noexcept;
    /// A part was asked for and came.
    void came(std::size_t size, Deadline::Clock::duration took) noexcept;
    /// None came in time.
    void missed() noexcept { shrink(size_); }

  private:
    void shrink(std::size_t size) noexcept;

    std::size_t most_;
    std::size_t least_;
    std::size_t size_;
};

} // namespace two_path::device
