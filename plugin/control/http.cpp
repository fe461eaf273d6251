#include "plugin/control/http.hpp"

#include "protocol/messages.hpp"

#include <boost/json/serialize.hpp>

#include <algorithm>
#include <cctype>
#include <random>
#include <set>
#include <utility>

namespace two_path::control {
namespace {

/// Seconds a client is asked to wait after 503.
constexpr std::string_view soon = "5";

/// And after 429, where many wait: spread, so that they do not all come at once.
std::string later() {
    thread_local std::minstd_rand random{std::random_device{}()};
    return std::to_string(std::uniform_int_distribution(5, 15)(random));
}

char lower(char c) noexcept {
    return static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
}

std::optional<int> hex_digit(char c) noexcept {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return std::nullopt;
}

std::vector<std::string_view> split(std::string_view path) {
    std::vector<std::string_view> segments;
    for (;;) {
        const auto slash = path.find('/');
        segments.push_back(path.substr(0, slash));
        if (slash == std::string_view::npos) return segments;
        path.remove_prefix(slash + 1);
    }
}

bool is_parameter(std::string_view segment) noexcept {
    return segment.size() > 2 && segment.front() == '{' && segment.back() == '}';
}

/// The parameters of a matching path; none when it does not match.
std::optional<std::map<std::string, std::string>> match(const std::vector<std::string>& pattern,
                                                        const std::vector<std::string>& path) {
    if (pattern.size() != path.size()) return std::nullopt;
    std::map<std::string, std::string> parameters;
    for (std::size_t i = 0; i < pattern.size(); ++i) {
        if (is_parameter(pattern[i])) {
            if (path[i].empty()) return std::nullopt;
            parameters.emplace(pattern[i].substr(1, pattern[i].size() - 2), path[i]);
        } else if (pattern[i] != path[i]) {
            return std::nullopt;
        }
    }
    return parameters;
}

Response method_not_allowed(const Request& request, const std::set<std::string>& allowed) {
    std::string list;
    for (const auto& method : allowed)
        list.append(list.empty() ? "" : ", ").append(method);
    auto response = Response::of(
        fail(Errc::unsupported, request.method + " on " + request.path + ", which allows " + list),
        request.id);
    response.status = 405;
    response.headers["Allow"] = list;
    return response;
}

} // namespace

bool HeaderLess::operator()(std::string_view a, std::string_view b) const noexcept {
    return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end(),
                                        [](char x, char y) { return lower(x) < lower(y); });
}

std::string_view trimmed(std::string_view text) noexcept {
    constexpr std::string_view blanks = " \t";
    text.remove_prefix(std::min(text.find_first_not_of(blanks), text.size()));
    return text.substr(0, text.find_last_not_of(blanks) + 1);
}

awaitable<Result<std::string>> RequestBody::all(std::size_t limit) {
    std::string text;
    std::vector<std::uint8_t> piece(std::size_t{16} * 1024);
    for (;;) {
        const std::span<std::uint8_t> room(piece);
        const auto count = co_await read(room);
        if (!count) co_return count.error();
        if (*count == 0) co_return text;
        if (*count > limit - text.size())
            co_return fail(Errc::too_large, "the request's body is over " + std::to_string(limit) + " bytes");
        text.append(piece.begin(), piece.begin() + static_cast<std::ptrdiff_t>(*count));
    }
}

std::string Request::query_value(std::string_view name) const {
    const auto [first, last] = query.equal_range(std::string(name));
    return first == last ? std::string() : first->second;
}

std::string_view Request::bearer() const {
    constexpr std::string_view scheme = "bearer ";
    const auto found = headers.find("Authorization");
    if (found == headers.end()) return {};
    std::string_view value = found->second;
    if (value.size() <= scheme.size()) return {};
    const auto given = value.substr(0, scheme.size());
    if (!std::equal(given.begin(), given.end(), scheme.begin(), [](char a, char b) { return lower(a) == b; }))
        return {};
    value.remove_prefix(std::min(value.find_first_not_of(' ', scheme.size()), value.size()));
    return value.find(' ') == std::string_view::npos ? value : std::string_view{};
}

Response Response::empty(unsigned status) {
    Response response;
    response.status = status;
    return response;
}

Response Response::of(unsigned status, const json::value& body) {
    Response response;
    response.status = status;
    response.headers["Content-Type"] = "application/json";
    response.body = json::serialize(body);
    return response;
}

Response Response::of(const Error& error, std::string_view request_id) {
    const messages::ErrorBody body{error, std::string(request_id)};
    const auto status = static_cast<unsigned>(info(error.code).http_status);
    auto response = of(status, json::value(body.to_json()));
    if (status == 503) response.headers["Retry-After"] = soon;
    if (status == 429) response.headers["Retry-After"] = later();
    if (status == 401) response.headers["WWW-Authenticate"] = "Bearer";
    return response;
}

std::string percent_encode(std::string_view text) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    std::string encoded;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        const bool unreserved = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                                c == '-' || c == '.' || c == '_' || c == '~';
        if (unreserved)
            encoded.push_back(c);
        else
            encoded.append(1, '%').append(1, digits[byte >> 4U]).append(1, digits[byte & 15U]);
    }
    return encoded;
}

std::optional<std::string> percent_decode(std::string_view text) {
    std::string decoded;
    decoded.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '\0') return std::nullopt;
        if (text[i] != '%') {
            decoded.push_back(text[i]);
            continue;
        }
        if (text.size() - i < 3) return std::nullopt;
        const auto high = hex_digit(text[i + 1]);
        const auto low = hex_digit(text[i + 2]);
        if (!high || !low || (*high == 0 && *low == 0)) return std::nullopt;
        decoded.push_back(static_cast<char>(*high * 16 + *low));
        i += 2;
    }
    return decoded;
}

std::optional<std::multimap<std::string, std::string>> parse_query(std::string_view text) {
    std::multimap<std::string, std::string> query;
    while (!text.empty()) {
        const auto end = std::min(text.find('&'), text.size());
        std::string pair(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
        if (pair.empty()) continue;
        std::replace(pair.begin(), pair.end(), '+', ' ');
        const auto equals = std::min(pair.find('='), pair.size());
        auto name = percent_decode(std::string_view(pair).substr(0, equals));
        auto value = percent_decode(std::string_view(pair).substr(std::min(equals + 1, pair.size())));
        if (!name || !value) return std::nullopt;
        query.emplace(std::move(*name), std::move(*value));
    }
    return query;
}

void Router::add(std::string method, std::string_view pattern, Handler handler) {
    Route route{std::move(method), std::string(pattern), {}, std::move(handler)};
    for (const auto segment : split(pattern))
        route.segments.emplace_back(segment);
    routes_.push_back(std::move(route));
}

awaitable<Response> Router::serve(Request& request) const {
    std::vector<std::string> path;
    for (const auto segment : split(request.path)) {
        auto decoded = percent_decode(segment);
        if (!decoded)
            co_return Response::of(fail(Errc::bad_request, "the path is not percent-encoded text"),
                                   request.id);
        path.push_back(std::move(*decoded));
    }

    const Route* found = nullptr;
    std::set<std::string> allowed;
    for (const auto& route : routes_) {
        auto parameters = match(route.segments, path);
        if (!parameters) continue;
        allowed.insert(route.method);
        if (route.method == "GET") allowed.insert("HEAD");
        const bool exact = route.method == request.method;
        const bool head = request.method == "HEAD" && route.method == "GET";
        const bool closer = found == nullptr || parameters->size() < request.parameters.size();
        if (closer && (exact || head)) {
            found = &route;
            request.parameters = std::move(*parameters);
        }
    }
    if (allowed.empty())
        co_return Response::of(fail(Errc::not_found, "nothing is served at " + request.path), request.id);
    if (found == nullptr) co_return method_not_allowed(request, allowed);
    request.route = found->pattern;
    auto response = co_await found->handler(request);
    if (observer_) observer_(request, response);
    co_return response;
}

} // namespace two_path::control
