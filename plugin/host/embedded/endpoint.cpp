#include "plugin/host/embedded/endpoint.hpp"

#include "plugin/host/embedded/users.hpp"

#include <boost/json/parse.hpp>

#include <charconv>

namespace two_path::host::embedded {
namespace {

constexpr std::int64_t max_per_page = 500;
/// Far beyond any list, and no product of the two overflows.
constexpr std::int64_t max_page = 1'000'000'000;

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

struct Route {
    Caller caller;
    Answer answer;
    std::size_t max_body;
};

awaitable<control::Response> serve(Parts& parts, Route route, control::Request& request) {
    auto caller = identify(parts, route.caller, request);
    if (!caller) co_return control::Response::of(caller.error(), request.id);
    auto body = co_await request.body->all(route.max_body);
    if (!body) co_return control::Response::of(body.error(), request.id);
    const Call call{request, std::move(*caller), std::move(*body)};
    auto response = route.answer(parts, call);
    if (!response) co_return control::Response::of(response.error(), request.id);
    co_return std::move(*response);
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
    return std::move(*device);
}

Result<std::string> user_token_of(Parts& parts, std::string_view bearer) {
    auto claims = parts.tokens.verify(bearer, TokenKind::user, parts.now_in_seconds());
    if (!claims) return claims.error();
    const auto user = user_by_token(parts.database, claims->id);
    if (!user || user->id != claims->subject) return fail(Errc::unauthorized, "the token was logged out");
    return std::move(claims->id);
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
    const Route route{caller, answer, max_body};
    router.add(std::move(method), std::move(pattern),
               [&parts, route](control::Request& request) { return serve(parts, route, request); });
}

Result<Page> page_of(const control::Request& request) {
    const auto page = number_of(request, "page", 1, max_page);
    if (!page) return page.error();
    const auto per_page = number_of(request, "per_page", Page{}.limit, max_per_page);
    if (!per_page) return per_page.error();
    return Page{(*page - 1) * *per_page, *per_page};
}

control::Response list_answer(json::array list, std::int64_t total) {
    auto response = control::Response::of(200, std::move(list));
    response.headers["X-Total-Count"] = std::to_string(total);
    return response;
}

control::Response refusal(const Error& error, unsigned status, const Call& call) {
    auto response = control::Response::of(error, call.request.id);
    response.status = status;
    return response;
}

} // namespace two_path::host::embedded
