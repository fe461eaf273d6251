#include "plugin/host/embedded/multipart.hpp"

#include <algorithm>
#include <cctype>

namespace two_path::host::embedded {
namespace {

constexpr std::size_t piece_size = 64 * 1024;
constexpr std::size_t max_parts = 32;
constexpr std::size_t max_skipped = 1024 * 1024; ///< bytes of a part that nobody reads
constexpr std::size_t max_line = 4 * 1024;
constexpr std::size_t max_lines = 32;
constexpr std::size_t max_boundary = 70; // RFC 2046, section 5.1.1

Error malformed(std::string what) {
    return fail(Errc::bad_request, "the multipart body: " + std::move(what));
}

bool equal_without_case(std::string_view a, std::string_view b) {
    const auto lower = [](char c) { return std::tolower(static_cast<unsigned char>(c)); };
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [&](char x, char y) { return lower(x) == lower(y); });
}

/// A token or quoted string at the start of `text`, which is moved behind it.
std::string take_value(std::string_view& text) {
    std::string value;
    if (!text.starts_with('"')) {
        const auto end = std::min(text.find(';'), text.size());
        value = control::trimmed(text.substr(0, end));
        text.remove_prefix(end);
        return value;
    }
    text.remove_prefix(1);
    while (!text.empty() && text.front() != '"') {
        if (text.front() == '\\' && text.size() > 1) text.remove_prefix(1);
        value += text.front();
        text.remove_prefix(1);
    }
    text.remove_prefix(std::min<std::size_t>(text.size(), 1));
    return value;
}

/// The form field's name in a part's header line; none when the line is another header.
std::optional<std::string> field_name(std::string_view header) {
    const auto colon = header.find(':');
    if (colon == std::string_view::npos ||
        !equal_without_case(header.substr(0, colon), "Content-Disposition"))
        return std::nullopt;
    return header_parameter(header.substr(colon + 1), "name");
}

} // namespace

std::optional<std::string> header_parameter(std::string_view value, std::string_view name) {
    value.remove_prefix(std::min(value.find(';'), value.size()));
    while (!value.empty()) {
        value.remove_prefix(1); // the semicolon
        const auto equals = value.find('=');
        if (equals == std::string_view::npos) return std::nullopt;
        const auto found = control::trimmed(value.substr(0, equals));
        value.remove_prefix(equals + 1);
        value.remove_prefix(std::min(value.find_first_not_of(" \t"), value.size()));
        auto content = take_value(value);
        if (equal_without_case(found, name)) return content;
        value.remove_prefix(std::min(value.find(';'), value.size()));
    }
    return std::nullopt;
}

Multipart::Multipart(control::RequestBody& body, std::string_view boundary)
  : body_(&body)
  , delimiter_(std::string("\r\n--").append(boundary))
  // The first delimiter may open the body, without a line end of its own before it.
  , buffer_("\r\n") {}

Result<Multipart> Multipart::begin(control::RequestBody& body, std::string_view content_type) {
    const auto type =
        control::trimmed(content_type.substr(0, std::min(content_type.find(';'), content_type.size())));
    if (!equal_without_case(type.substr(0, std::min<std::size_t>(type.size(), 10)), "multipart/"))
        return fail(Errc::bad_request, "the Content-Type must be multipart/form-data");
    const auto boundary = header_parameter(content_type, "boundary");
    if (!boundary || boundary->empty() || boundary->size() > max_boundary)
        return fail(Errc::bad_request, "the Content-Type has no boundary of 1 to 70 characters");
    return Multipart(body, *boundary);
}

awaitable<Result<bool>> Multipart::fill() {
    buffer_.erase(0, std::exchange(at_, 0));
    const auto size = buffer_.size();
    buffer_.resize(size + piece_size);
    const std::span<std::uint8_t> room(reinterpret_cast<std::uint8_t*>(buffer_.data()) + size, piece_size);
    const auto count = co_await body_->read(room);
    buffer_.resize(size + (count ? *count : 0));
    if (!count) co_return count.error();
    co_return *count > 0;
}

awaitable<Result<void>> Multipart::need(std::size_t wanted) {
    while (ahead().size() < wanted) {
        const auto more = co_await fill();
        if (!more) co_return more.error();
        if (!*more) co_return malformed("it ends before its last boundary");
    }
    co_return Result<void>{};
}

awaitable<Result<std::string>> Multipart::line() {
    for (;;) {
        const auto end = ahead().find("\r\n");
        if (end != std::string_view::npos) {
            std::string text(ahead().substr(0, end));
            at_ += end + 2;
            co_return text;
        }
        if (ahead().size() > max_line) co_return malformed("a header line is over 4 KiB");
        const auto more = co_await need(ahead().size() + 1);
        if (!more) co_return more.error();
    }
}

awaitable<Result<std::optional<std::string>>> Multipart::next() {
    // Before the first part stands a preamble, which is skipped like a part.
    in_part_ = true;
    const auto skipped = co_await all(max_skipped);
    if (!skipped) co_return skipped.error();
    at_ += delimiter_.size();

    const auto marks = co_await need(2);
    if (!marks) co_return marks.error();
    if (ahead().starts_with("--")) {
        const auto done = co_await skip_epilogue();
        if (!done) co_return done.error();
        co_return std::optional<std::string>{};
    }
    const auto rest = co_await line();
    if (!rest) co_return rest.error();
    if (!control::trimmed(*rest).empty()) co_return malformed("its boundary runs on");
    if (++parts_ > max_parts) co_return malformed("it has over " + std::to_string(max_parts) + " parts");

    std::optional<std::string> name;
    for (std::size_t lines = 0; lines < max_lines; ++lines) {
        const auto header = co_await line();
        if (!header) co_return header.error();
        if (header->empty()) {
            in_part_ = true;
            co_return std::optional<std::string>(name.value_or(""));
        }
        if (auto found = field_name(*header)) name = std::move(found);
    }
    co_return malformed("a part has over " + std::to_string(max_lines) + " header lines");
}

awaitable<Result<void>> Multipart::skip_epilogue() {
    for (std::size_t skipped = 0; skipped <= max_skipped; skipped += ahead().size()) {
        at_ = buffer_.size();
        const auto more = co_await fill();
        if (!more) co_return more.error();
        if (!*more) co_return Result<void>{};
    }
    co_return malformed("it goes on behind its last boundary");
}

awaitable<Result<std::size_t>> Multipart::read(std::span<std::uint8_t> buffer) {
    while (in_part_) {
        const auto end = ahead().find(delimiter_);
        // Without a delimiter, its beginning may still stand at the buffer's end.
        const auto known = end != std::string_view::npos         ? end
                           : ahead().size() >= delimiter_.size() ? ahead().size() - delimiter_.size() + 1
                                                                 : 0;
        if (known > 0) {
            const auto count = std::min(known, buffer.size());
            std::copy_n(ahead().begin(), count, buffer.begin());
            at_ += count;
            co_return count;
        }
        if (end == 0) {
            in_part_ = false;
            break;
        }
        const auto more = co_await need(ahead().size() + 1);
        if (!more) co_return more.error();
    }
    co_return std::size_t{0};
}

} // namespace two_path::host::embedded
