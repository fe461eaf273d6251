/// A multipart body (RFC 2046, section 5.1; RFC 7578), read as it comes, in bounded memory.
#pragma once

#include "plugin/control/http.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace two_path::host::embedded {

/// Gives the parts one after the other: next(), then the part as a body of its own, then next() again. Errors
/// are bad_request for what is malformed or ends too early, too_large over a bound, and those of the body
/// itself.
class Multipart final : public control::RequestBody {
  public:
    /// `body` must outlive it. bad_request unless `content_type` is a multipart type with a boundary.
    [[nodiscard]] static Result<Multipart> begin(control::RequestBody& body, std::string_view content_type);

    /// The next part's name (its form field), or none behind the last one; the body is then read to its end.
    /// What was not read of the part before is skipped.
    [[nodiscard]] awaitable<Result<std::optional<std::string>>> next();
    /// The part's next bytes; 0 at its end.
    awaitable<Result<std::size_t>> read(std::span<std::uint8_t> buffer) override;

  private:
    Multipart(control::RequestBody& body, std::string_view boundary);

    /// Reads more; false at the body's end.
    [[nodiscard]] awaitable<Result<bool>> fill();
    /// Reads until `wanted` bytes are there.
    [[nodiscard]] awaitable<Result<void>> need(std::size_t wanted);
    /// The line from here to CRLF, taken.
    [[nodiscard]] awaitable<Result<std::string>> line();
    [[nodiscard]] awaitable<Result<void>> skip_epilogue();
    [[nodiscard]] std::string_view ahead() const { return std::string_view(buffer_).substr(at_); }

    control::RequestBody* body_;
    std::string delimiter_; ///< CRLF, two dashes and the boundary
    std::string buffer_;
    std::size_t at_{0};
    std::size_t parts_{0};
    bool in_part_{false};
};

/// A parameter of a header's value, e.g. `name` of `form-data; name="artifact"`; none when absent.
[[nodiscard]] std::optional<std::string> header_parameter(std::string_view value, std::string_view name);

} // namespace two_path::host::embedded
