#include "plugin/control/file_answer.hpp"

#include <algorithm>
#include <charconv>

namespace two_path::control {
namespace {

/// Digits only; values over 2^64 - 1 count as that, since they are only ever compared with a size.
std::optional<std::uint64_t> position(std::string_view text) {
    if (text.empty() || text.find_first_not_of("0123456789") != std::string_view::npos) return std::nullopt;
    std::uint64_t value = 0;
    const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (ec == std::errc::result_out_of_range) return UINT64_MAX;
    if (ec != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

std::string_view header(const Request& request, std::string_view name) {
    const auto found = request.headers.find(name);
    return found == request.headers.end() ? std::string_view{} : trimmed(found->second);
}

bool names_tag(std::string_view list, std::string_view etag) {
    while (!list.empty()) {
        const auto comma = std::min(list.find(','), list.size());
        auto entry = trimmed(list.substr(0, comma));
        if (entry.substr(0, 2) == "W/") entry.remove_prefix(2); // weak comparison, section 13.1.2
        if (entry == "*" || entry == etag) return true;
        list.remove_prefix(std::min(comma + 1, list.size()));
    }
    return false;
}

} // namespace

std::variant<WholeFile, ByteRange, NotSatisfiable> parse_range(std::string_view header, std::uint64_t size) {
    constexpr std::string_view unit = "bytes=";
    header = trimmed(header);
    if (header.substr(0, unit.size()) != unit) return WholeFile{};
    const auto set = trimmed(header.substr(unit.size()));
    const auto dash = set.find('-');
    if (dash == std::string_view::npos) return WholeFile{};
    const auto first_text = set.substr(0, dash);
    const auto last_text = set.substr(dash + 1);
    const auto first = position(first_text);
    const auto last = position(last_text);

    if (first_text.empty()) { // the last N bytes
        if (!last) return WholeFile{};
        if (*last == 0 || size == 0) return NotSatisfiable{};
        const auto count = std::min(*last, size);
        return ByteRange{size - count, count};
    }
    if (!first || (!last_text.empty() && !last) || (last && *last < *first)) return WholeFile{};
    if (*first >= size) return NotSatisfiable{};
    const auto end = last ? std::min(*last, size - 1) : size - 1;
    return ByteRange{*first, end - *first + 1};
}

Response answer_with_file(const Request& request, FileBody file, std::string_view content_type,
                          std::string_view etag) {
    Response response;
    response.headers["Accept-Ranges"] = "bytes";
    if (!etag.empty()) response.headers["ETag"] = etag;
    if (!etag.empty() && names_tag(header(request, "If-None-Match"), etag)) {
        response.status = 304;
        return response;
    }
    response.headers["Content-Type"] = content_type;

    const auto condition = header(request, "If-Range");
    const bool usable = condition.empty() || (!etag.empty() && condition == etag);
    const auto asked =
        request.method == "GET" && usable ? parse_range(header(request, "Range"), file.size) : WholeFile{};
    const auto total = std::to_string(file.size);
    if (std::holds_alternative<NotSatisfiable>(asked)) {
        auto refused = Response::of(
            fail(Errc::bad_request, "the range lies beyond the file's " + total + " bytes"), request.id);
        refused.status = 416;
        refused.headers["Content-Range"] = "bytes */" + total;
        return refused;
    }
    if (const auto* range = std::get_if<ByteRange>(&asked)) {
        response.status = 206;
        response.headers["Content-Range"] = "bytes " + std::to_string(range->first) + "-" +
                                            std::to_string(range->first + range->size - 1) + "/" + total;
        file.offset += range->first;
        file.size = range->size;
    }
    response.file = std::move(file);
    return response;
}

} // namespace two_path::control
