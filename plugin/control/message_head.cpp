#include "plugin/control/message_head.hpp"

#include "protocol/encoding.hpp"

#include <openssl/rand.h>

#include <algorithm>
#include <array>
#include <ctime>

namespace two_path::control {
namespace {

struct StatusName {
    unsigned status;
    std::string_view name;
};

/// RFC 9110, section 15, RFC 6585.
constexpr std::array status_names{
    StatusName{200, "OK"},
    StatusName{201, "Created"},
    StatusName{202, "Accepted"},
    StatusName{204, "No Content"},
    StatusName{206, "Partial Content"},
    StatusName{304, "Not Modified"},
    StatusName{308, "Permanent Redirect"},
    StatusName{400, "Bad Request"},
    StatusName{401, "Unauthorized"},
    StatusName{403, "Forbidden"},
    StatusName{404, "Not Found"},
    StatusName{405, "Method Not Allowed"},
    StatusName{408, "Request Timeout"},
    StatusName{409, "Conflict"},
    StatusName{410, "Gone"},
    StatusName{412, "Precondition Failed"},
    StatusName{413, "Content Too Large"},
    StatusName{415, "Unsupported Media Type"},
    StatusName{416, "Range Not Satisfiable"},
    StatusName{417, "Expectation Failed"},
    StatusName{422, "Unprocessable Content"},
    StatusName{429, "Too Many Requests"},
    StatusName{431, "Request Header Fields Too Large"},
    StatusName{500, "Internal Server Error"},
    StatusName{501, "Not Implemented"},
    StatusName{502, "Bad Gateway"},
    StatusName{503, "Service Unavailable"},
    StatusName{505, "HTTP Version Not Supported"},
    StatusName{507, "Insufficient Storage"},
};

std::string_view status_name(unsigned status) {
    const auto* found = std::find_if(status_names.begin(), status_names.end(),
                                     [&](const StatusName& row) { return row.status == status; });
    return found == status_names.end() ? std::string_view{} : found->name;
}

/// RFC 9110, section 5.6.7.
std::string date() {
    const auto now = std::time(nullptr);
    std::tm parts{};
    ::gmtime_r(&now, &parts);
    std::array<char, 40> text{};
    const auto size = std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
    return {text.data(), size};
}

bool breaks_the_line(std::string_view text) {
    return std::any_of(text.begin(), text.end(), [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return (byte < 0x20 && c != '\t') || byte == 0x7F;
    });
}

void add(std::string& head, std::string_view name, std::string_view value) {
    if (breaks_the_line(name) || breaks_the_line(value)) return;
    head.append(name).append(": ").append(value).append("\r\n");
}

/// `https://host/path` -> `/path`; the scheme's case does not matter.
std::string without_authority(std::string_view target) {
    const auto scheme_end = target.find("://");
    if (scheme_end == std::string_view::npos) return {};
    const auto begin = std::min(target.find_first_of("/?", scheme_end + 3), target.size());
    std::string path(target.substr(begin));
    if (path.empty() || path.front() == '?') path.insert(0, 1, '/');
    return path;
}

} // namespace

Result<void> read_target(std::string_view target, Request& request) {
    std::string path_and_query;
    if (!target.empty() && target.front() != '/') target = path_and_query = without_authority(target);
    if (target.empty()) return fail(Errc::bad_request, "the request's target is neither a path nor a URL");
    target = target.substr(0, target.find('#'));
    const auto question = std::min(target.find('?'), target.size());
    const auto path = target.substr(0, question);
    if (!percent_decode(path)) return fail(Errc::bad_request, "the path's percent-encoding is broken");
    auto query = parse_query(target.substr(std::min(question + 1, target.size())));
    if (!query) return fail(Errc::bad_request, "the query's percent-encoding is broken");
    request.path = path;
    request.query = std::move(*query);
    return {};
}

std::uint64_t body_size(const Response& response) noexcept {
    return response.file ? response.file->size : response.body.size();
}

bool sends_body(std::string_view method, unsigned status) noexcept {
    return method != "HEAD" && status != 204 && status != 304;
}

std::string print_head(const Response& response, std::string_view request_id, bool keep_alive,
                       bool http_1_0) {
    std::string head = "HTTP/1.1 " + std::to_string(response.status) + " ";
    head.append(status_name(response.status)).append("\r\n");
    add(head, "Date", date());
    add(head, "Server", "two-path");
    add(head, "X-MEN-RequestID", request_id);
    if (!response.headers.contains("Cache-Control")) add(head, "Cache-Control", "no-store");
    for (const auto& [name, value] : response.headers)
        add(head, name, value);
    if (response.status != 204 && response.status != 304 && !response.stream)
        add(head, "Content-Length", std::to_string(body_size(response)));
    if (!keep_alive)
        add(head, "Connection", "close");
    else if (http_1_0)
        add(head, "Connection", "keep-alive");
    return head.append("\r\n");
}

Result<std::string> print_request_head(std::string_view method, std::string_view target,
                                       std::string_view host, const Headers& headers, Framing framing,
                                       std::uint64_t length) {
    const auto breaks_out = [](std::string_view word) {
        return word.empty() || word.find(' ') != std::string_view::npos || breaks_the_line(word);
    };
    if (breaks_out(method) || breaks_out(target) || target.front() != '/' || breaks_the_line(host))
        return fail(Errc::bad_request,
                    "the request's method, path or host has characters that HTTP does not allow");
    std::string head(method);
    head.append(" ").append(target).append(" HTTP/1.1\r\n");
    add(head, "Host", host);
    if (!headers.contains("User-Agent")) add(head, "User-Agent", "two-path/" TWO_PATH_VERSION);
    for (const auto& [name, value] : headers) {
        if (breaks_out(name) || breaks_the_line(value))
            return fail(Errc::bad_request,
                        "the header field " + name + " has characters that HTTP does not allow");
        add(head, name, value);
    }
    if (framing == Framing::length) add(head, "Content-Length", std::to_string(length));
    if (framing == Framing::chunked) add(head, "Transfer-Encoding", "chunked");
    return head.append("\r\n");
}

std::string request_id_for(const Headers& headers) {
    constexpr std::size_t longest = 64;
    const auto given = headers.find("X-MEN-RequestID");
    if (given != headers.end() && !given->second.empty() && given->second.size() <= longest &&
        std::all_of(given->second.begin(), given->second.end(), [](char c) {
            return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-';
        }))
        return given->second;
    std::array<std::uint8_t, 16> bytes{};
    // An id is for finding lines in logs; it need not be unpredictable.
    RAND_bytes(bytes.data(), static_cast<int>(bytes.size()));
    return to_hex(bytes);
}

} // namespace two_path::control
