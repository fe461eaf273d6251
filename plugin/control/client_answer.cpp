#include "plugin/control/https_client.hpp"

#include "protocol/messages.hpp"

#include <algorithm>
#include <charconv>

namespace two_path::control {
namespace {

/// Longest piece of a foreign error text that is repeated.
constexpr std::size_t max_quote = 200;

std::string_view content_type(const ClientResponse& response) {
    const auto found = response.headers.find("Content-Type");
    return found == response.headers.end() ? std::string_view{} : std::string_view(found->second);
}

/// What a status means where no `reason` says more.
Errc errc_of(unsigned status) {
    switch (status) {
    case 401:
        return Errc::unauthorized;
    case 403:
        return Errc::forbidden;
    case 404:
        return Errc::not_found;
    case 409:
        return Errc::conflict;
    case 413:
        return Errc::too_large;
    case 429:
        return Errc::busy;
    case 408:
    case 502:
    case 503:
    case 504:
        return Errc::unavailable;
    default:
        return status / 100 == 4 ? Errc::bad_request : Errc::internal;
    }
}

} // namespace

Result<Origin> Origin::parse(std::string_view url) {
    constexpr std::string_view scheme = "https://";
    const auto refuse = [&](std::string_view what) {
        return fail(Errc::bad_request,
                    "`" + std::string(url) + "` " + std::string(what) + "; write https://HOST[:PORT]");
    };
    auto rest = url;
    if (rest.substr(0, 7) == "http://") return refuse("is not encrypted");
    if (rest.substr(0, scheme.size()) != scheme) return refuse("is not a URL that begins with https://");
    rest.remove_prefix(scheme.size());
    if (!rest.empty() && rest.back() == '/') rest.remove_suffix(1);
    if (rest.find_first_of("/?#@ ") != std::string_view::npos)
        return refuse("has more than a host and a port");

    Origin origin;
    const bool bracketed = !rest.empty() && rest.front() == '[';
    const auto host_end = bracketed ? rest.find(']') : std::min(rest.find(':'), rest.size());
    if (host_end == std::string_view::npos) return refuse("lacks a closing bracket");
    origin.host = bracketed ? rest.substr(1, host_end - 1) : rest.substr(0, host_end);
    rest.remove_prefix(bracketed ? host_end + 1 : host_end);
    if (origin.host.empty()) return refuse("has no host");
    if (bracketed) {
        boost::system::error_code ec;
        boost::asio::ip::make_address_v6(origin.host, ec);
        if (ec) return refuse("has no IPv6 address in its brackets");
    }
    if (rest.empty()) return origin;
    const auto port = rest.substr(1);
    const auto [end, ec] = std::from_chars(port.data(), port.data() + port.size(), origin.port);
    if (rest.front() != ':' || ec != std::errc{} || end != port.data() + port.size() || origin.port == 0)
        return refuse("has no port from 1 to 65535");
    return origin;
}

std::string Origin::text() const {
    std::string text = host.find(':') == std::string::npos ? host : "[" + host + "]";
    if (port != 443) text.append(":").append(std::to_string(port));
    return text;
}

Result<ClientResponse> success_of(ClientResponse response) {
    const bool page = content_type(response).substr(0, 9) == "text/html";
    if (response.status / 100 == 2 && !page) return response;
    if (page)
        return fail(Errc::no_route,
                    "a web page with status " + std::to_string(response.status) + " came back");
    if (auto ours = messages::ErrorBody::parse(response.body)) return ours->error;

    const auto body = parse_object(response.body, "the error");
    if (!body && response.status == 404) return fail(Errc::no_route, "status 404 without a reason");
    std::string detail = "status " + std::to_string(response.status);
    if (body) {
        Fields fields(*body, "error");
        const auto text = fields.text_or("error", "");
        if (!text.empty()) detail.append(": ").append(text.substr(0, max_quote));
    }
    return fail(errc_of(response.status), std::move(detail));
}

} // namespace two_path::control
