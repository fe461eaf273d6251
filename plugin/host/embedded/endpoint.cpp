#include "plugin/host/embedded/endpoint.hpp"

#include "plugin/host/embedded/devices.hpp"
#include "plugin/host/embedded/identifier.hpp"
#include "plugin/host/embedded/users.hpp"
#include "plugin/state/database_failure.hpp"
#include "protocol/digest.hpp"

#include <boost/json/parse.hpp>

#include <algorithm>
#include <cctype>
#include <charconv>

namespace two_path::host::embedded {
namespace {

Result<std::string> identify(Parts& parts, Caller caller, const control::Request& request) {
    switch (caller) {
    case Caller::device:
        return device_of(parts, request.bearer());
    case Caller::user:
        return user_token_of(parts, request.bearer());
    case Caller::anyone:
        break;
    }
    return std::string();
}

awaitable<Result<control::Response>> answer_to(Answer answer, Parts& parts, const Call& call) {
    co_return answer(parts, call);
}

awaitable<Result<control::Response>> answer_to(SlowAnswer answer, Parts& parts, const Call& call) {
    co_return co_await answer(parts, call);
}

template<class SomeAnswer>
struct Route {
    Caller caller;
    SomeAnswer answer;
    std::size_t max_body;
};

template<class SomeAnswer>
awaitable<control::Response> serve(Parts& parts, Route<SomeAnswer> route, control::Request& request) {
    auto caller = identify(parts, route.caller, request);
    if (!caller) co_return control::Response::of(caller.error(), request.id);
    if (route.caller == Caller::user) request.caller = name_of_user(parts, *caller);
    auto body = co_await request.body->all(route.max_body);
    if (!body) co_return control::Response::of(body.error(), request.id);
    const Call call{request, std::move(*caller), std::move(*body)};
    auto response = co_await answer_to(route.answer, parts, call);
    if (!response) co_return control::Response::of(response.error(), request.id);
    co_return std::move(*response);
}

template<class SomeAnswer>
void add(control::Router& router, Parts& parts, std::string method, const std::string& pattern,
         Route<SomeAnswer> route) {
    router.add(std::move(method), pattern,
               [&parts, route](control::Request& request) { return serve(parts, route, request); });
}

/// As a query has it (the URL standard's form encoding).
std::string form_encoded(std::string_view text) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    std::string encoded;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (std::isalnum(byte) != 0 || c == '-' || c == '.' || c == '_' || c == '~')
            encoded += c;
        else
            encoded.append({'%', digits[byte >> 4U], digits[byte & 15U]});
    }
    return encoded;
}

std::string link_to(const control::Request& request, Page page, std::int64_t number,
                    std::string_view relation) {
    auto link = "<" + request.path + "?";
    for (const auto& [name, value] : request.query)
        if (name != "page" && name != "per_page")
            link += form_encoded(name) + "=" + form_encoded(value) + "&";
    return link + "page=" + std::to_string(number) + "&per_page=" + std::to_string(page.limit) + ">; rel=\"" +
           std::string(relation) + "\"";
}

std::string links(const control::Request& request, Page page, std::int64_t total) {
    const auto number = page.offset / page.limit + 1;
    const auto last = std::max<std::int64_t>(1, (total + page.limit - 1) / page.limit);
    auto links = link_to(request, page, 1, "first");
    if (number > 1) links += ", " + link_to(request, page, number - 1, "prev");
    if (number < last) links += ", " + link_to(request, page, number + 1, "next");
    return links + ", " + link_to(request, page, last, "last");
}

Result<std::int64_t> number_of(const control::Request& request, std::string_view name, std::int64_t absent,
                               std::int64_t limit) {
    const auto text = request.query_value(name);
    if (text.empty()) return absent;
    std::int64_t number = 0;
    const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (ec != std::errc() || end != text.data() + text.size() || number < 1 || number > limit)
        return fail(Errc::bad_request,
                    "`" + std::string(name) + "` must be a number from 1 to " + std::to_string(limit));
    return number;
}

} // namespace

Result<std::string> device_of(Parts& parts, std::string_view bearer) {
    const auto claims = parts.tokens.verify(bearer, TokenKind::device, parts.now_in_seconds());
    if (!claims) return claims.error();
    auto device = device_by_token(parts.database, claims->id);
    if (!device || *device != claims->subject)
        return fail(Errc::unauthorized, "the token is not of a device that is accepted now");
    try {
        note_contact(parts.database, *device, parts.now());
    } catch (const state::DatabaseFailure& failure) {
        // Of a full disk `health` and the log tell; what only reads goes on.
        if (failure.reason() != Errc::no_room) throw;
    }
    return std::move(*device);
}

Result<std::string> user_token_of(Parts& parts, std::string_view bearer) {
    auto claims = parts.tokens.verify(bearer, TokenKind::user, parts.now_in_seconds());
    if (!claims) return claims.error();
    const auto user = user_by_token(parts.database, claims->id);
    if (!user || user->id != claims->subject) return fail(Errc::unauthorized, "the token was logged out");
    note_use(parts.database, claims->id, parts.now());
    return std::move(claims->id);
}

std::string name_of_user(Parts& parts, const std::string& token) {
    const auto user = user_by_token(parts.database, token);
    return user ? user->email : std::string();
}

Result<json::value> Call::any() const {
    json::parse_options options;
    options.max_depth = 16;
    boost::system::error_code ec;
    auto value = json::parse(body, ec, {}, options);
    if (ec) return fail(Errc::bad_request, "the body is not JSON: " + ec.message());
    return value;
}

void add_route(control::Router& router, Parts& parts, Caller caller, std::string method, std::string pattern,
               Answer answer, std::size_t max_body) {
    add(router, parts, std::move(method), pattern, Route<Answer>{caller, answer, max_body});
}

void add_route(control::Router& router, Parts& parts, Caller caller, std::string method, std::string pattern,
               SlowAnswer answer, std::size_t max_body) {
    add(router, parts, std::move(method), pattern, Route<SlowAnswer>{caller, answer, max_body});
}

Result<Page> page_of(const control::Request& request) {
    const auto page = number_of(request, "page", 1, max_page);
    if (!page) return page.error();
    const auto per_page = number_of(request, "per_page", Page{}.limit, max_per_page);
    if (!per_page) return per_page.error();
    return Page{(*page - 1) * *per_page, *per_page};
}

control::Response list_answer(const Call& call, Page page, json::array list, std::int64_t total) {
    auto response = control::Response::of(200, std::move(list));
    response.headers["X-Total-Count"] = std::to_string(total);
    response.headers["Link"] = links(call.request, page, total);
    return response;
}

std::string entity_tag(std::string_view content) {
    return "\"" + sha256_hex(content).substr(0, 32) + "\"";
}

bool matches(const Call& call, std::string_view entity_tag) {
    const auto wanted = call.request.headers.find("If-Match");
    return wanted == call.request.headers.end() || wanted->second == "*" || wanted->second == entity_tag;
}

Result<control::Response> token_answer(Parts& parts, const std::string& user,
                                       const std::optional<std::string>& name,
                                       std::chrono::seconds lifetime) {
    const auto now = parts.now_in_seconds();
    const Claims claims{TokenKind::user, make_uuid(), user, now, now + lifetime.count()};
    const UserToken token{claims.id, user, name, parts.now(), claims.expires * 1000};
    if (const auto added = add_user_token(parts.database, token); !added) return added.error();
    control::Response response;
    response.headers["Content-Type"] = "application/jwt";
    response.body = parts.tokens.issue(claims);
    return response;
}

control::Response refusal(const Error& error, unsigned status, const Call& call) {
    auto response = control::Response::of(error, call.request.id);
    response.status = status;
    return response;
}

} // namespace two_path::host::embedded
