/// A request's body that a test wrote.
#pragma once

#include "plugin/control/http.hpp"

#include <algorithm>
#include <string>

namespace two_path::tests {

/// Comes in pieces of at most `piece` bytes, and perhaps breaks off at its end.
class TextBody final : public control::RequestBody {
  public:
    explicit TextBody(std::string text, std::size_t piece = 1000)
      : text_(std::move(text))
      , piece_(piece) {}

    awaitable<Result<std::size_t>> read(std::span<std::uint8_t> buffer) override {
        was_read = true;
        if (breaks_off && at_ == text_.size()) co_return fail(Errc::unavailable, "the client left");
        const auto count = std::min({buffer.size(), text_.size() - at_, piece_});
        std::copy_n(text_.begin() + static_cast<std::ptrdiff_t>(at_), count, buffer.begin());
        at_ += count;
        co_return count;
    }

    bool breaks_off{false};
    bool was_read{false};

  private:
    std::string text_;
    std::size_t piece_;
    std::size_t at_{0};
};

} // namespace two_path::tests
