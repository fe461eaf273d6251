#include "ftp/line.hpp"

namespace two_path::ftp {

std::optional<Line> LineSplitter::next(std::size_t limit) {
    for (;;) {
        const auto end = buffer_.find('\n');
        if (end == std::string::npos) {
            if (buffer_.size() <= limit) return std::nullopt;
            dropping_ = true;
            drop(buffer_.size());
            return Line{Line::Kind::too_long, {}};
        }
        if (dropping_) {
            dropping_ = false;
            drop(end + 1);
            continue;
        }
        if (end > limit) {
            drop(end + 1);
            return Line{Line::Kind::too_long, {}};
        }
        std::string text = buffer_.substr(0, end);
        drop(end + 1);
        if (!text.empty() && text.back() == '\r') text.pop_back();
        if (text.find_first_of(std::string_view("\r\0", 2)) != std::string::npos)
            return Line{Line::Kind::malformed, {}};
        return Line{Line::Kind::text, std::move(text)};
    }
}

void LineSplitter::drop(std::size_t bytes) {
    // An empty buffer gives its memory back: most connections are idle most of the time.
    if (bytes == buffer_.size())
        std::string().swap(buffer_);
    else
        buffer_.erase(0, bytes);
}

} // namespace two_path::ftp
