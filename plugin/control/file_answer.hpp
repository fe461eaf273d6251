/// Files as answers: whole, or the one range that was asked for (RFC 9110, section 14).
#pragma once

#include "plugin/control/http.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace two_path::control {

/// A part of a file, in bytes.
struct ByteRange {
    std::uint64_t first{0};
    std::uint64_t size{0};
    bool operator==(const ByteRange&) const = default;
};

struct WholeFile {
    bool operator==(const WholeFile&) const = default;
};
struct NotSatisfiable {
    bool operator==(const NotSatisfiable&) const = default;
};

/// What a `Range` header asks of a file of `size` bytes. A header that is not `bytes`, is malformed or names
/// several ranges asks for the whole file, as RFC 9110, section 14.2 lets a server choose.
[[nodiscard]] std::variant<WholeFile, ByteRange, NotSatisfiable> parse_range(std::string_view header,
                                                                             std::uint64_t size);

/// 200, 206 or 416 for a GET or HEAD of `file`. `etag` is a strong one with its quotes, or empty; `If-Range`
/// with anything else than it makes `Range` void, `If-None-Match` with it makes the answer 304.
[[nodiscard]] Response answer_with_file(const Request& request, FileBody file, std::string_view content_type,
                                        std::string_view etag);

} // namespace two_path::control
