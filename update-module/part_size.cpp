#include "update-module/part_size.hpp"

#include <algorithm>

namespace two_path::device {
namespace {

constexpr std::size_t least = std::size_t{16} * 1024;
constexpr std::size_t first = std::size_t{256} * 1024;
constexpr std::size_t most = std::size_t{2} * 1024 * 1024;
constexpr milliseconds wanted_time{1'000};

std::size_t most_at(std::uint64_t rate) noexcept {
    return rate == 0 ? most : static_cast<std::size_t>(std::min<std::uint64_t>(rate, most / 2)) * 2;
}

} // namespace

PartSize::PartSize(std::uint64_t rate) noexcept
  : most_(most_at(rate))
  , least_(std::min(least, most_))
  , size_(std::min(first, most_)) {}

std::size_t PartSize::of(std::uint64_t left) const noexcept {
    return static_cast<std::size_t>(std::min<std::uint64_t>(left, size_));
}

void PartSize::came(std::size_t size, Deadline::Clock::duration took) noexcept {
    if (took > wanted_time) return shrink(size);
    // The end of a file comes soon on any link.
    if (size == size_ && took < wanted_time / 2) size_ = std::min(size_ * 2, most_);
}

void PartSize::shrink(std::size_t size) noexcept {
    size_ = std::max(size / 2, least_);
}

} // namespace two_path::device
