#include "update-module/control/verdict.hpp"

#include "protocol/messages.hpp"

#include <algorithm>

namespace two_path::control {
namespace {

bool is_page(const HttpReply& reply) {
    if (reply.content_type == "application/octet-stream") return false;
    const auto first = reply.body.find_first_not_of(" \t\r\n");
    return reply.content_type.find("html") != std::string::npos ||
           (first != std::string::npos && reply.body[first] == '<');
}

} // namespace

Result<std::string> body_of(HttpReply reply, std::initializer_list<unsigned> wanted) {
    constexpr unsigned unauthorized = 401;
    constexpr unsigned not_found = 404;
    constexpr unsigned too_many = 429;
    constexpr unsigned bad_gateway = 502;
    constexpr unsigned gateway_timeout = 504;
    const bool page = is_page(reply);
    const auto status = reply.status;
    if (!page && std::ranges::find(wanted, status) != wanted.end()) return std::move(reply.body);
    if (auto told = messages::ErrorBody::parse(reply.body)) return std::move(told->error);
    const auto answer = "HTTP " + std::to_string(status) + (page ? " with a web page" : "");
    if (status == unauthorized) return fail(Errc::unauthorized, answer);
    if (status == too_many || (status >= bad_gateway && status <= gateway_timeout))
        return fail(Errc::unavailable, answer);
    constexpr unsigned client_error = 400;
    if (page || status == not_found || status < client_error) return fail(Errc::no_route, answer);
    return fail(Errc::internal, answer + " without a reason");
}

} // namespace two_path::control
