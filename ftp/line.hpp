/// Cuts a byte stream into lines without ever holding more than a line and one read.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace two_path::ftp {

struct Line {
    enum class Kind {
        text,
        malformed, ///< CR or NUL inside
        too_long, ///< over the limit; its rest is dropped and reported again after each further `limit` bytes
    };
    Kind kind = Kind::text;
    std::string text; ///< without its end; empty unless `kind` is `text`
};

/// Accepts CR LF and bare LF as ends (RFC 959 asks for the first, clients send the second).
class LineSplitter {
  public:
    /// Bytes as received; call it only when `next` has nothing more, which bounds the memory.
    void feed(std::string_view bytes) { buffer_ += bytes; }

    /// The next line of at most `limit` bytes, if it is there.
    std::optional<Line> next(std::size_t limit);

  private:
    void drop(std::size_t bytes);

    std::string buffer_;
    bool dropping_ = false; ///< within an over-long line
};

} // namespace two_path::ftp
