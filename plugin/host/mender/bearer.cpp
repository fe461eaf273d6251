#include "plugin/host/mender/bearer.hpp"

#include "protocol/json.hpp"

#include <algorithm>

namespace two_path::host::mender {
namespace {

/// Mender's have about 1000; what proxies find too long for a header never reaches one.
constexpr std::size_t max_token = 4096;
constexpr std::size_t max_subject = 64;

Error refused(const char* why) {
    return fail(Errc::unauthorized, why);
}

/// The three parts, as they are.
struct Parts {
    std::string_view header;
    std::string_view claims;
    std::string_view signature;
    std::string_view signed_text;
};

std::optional<Parts> split(std::string_view token) {
    if (token.size() > max_token) return std::nullopt;
    const auto first = token.find('.');
    if (first == std::string_view::npos) return std::nullopt;
    const auto second = token.find('.', first + 1);
    if (second == std::string_view::npos) return std::nullopt;
    return Parts{token.substr(0, first), token.substr(first + 1, second - first - 1),
                 token.substr(second + 1), token.substr(0, second)};
}

std::optional<json::object> parse_part(std::string_view text) {
    const auto bytes = from_base64url(text);
    if (!bytes) return std::nullopt;
    auto object = parse_object({reinterpret_cast<const char*>(bytes->data()), bytes->size()}, "the token");
    if (!object) return std::nullopt;
    return std::move(*object);
}

/// Ids go into paths and lists: a UUID, or 24 hex digits of old servers.
bool is_id(std::string_view text) {
    return !text.empty() && text.size() <= max_subject && std::ranges::all_of(text, [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-';
    });
}

/// False: there is something else in its place.
bool read_time(const json::object& claims, std::string_view name, std::optional<std::int64_t>& time) {
    const auto* value = claims.if_contains(name);
    if (value == nullptr) return true;
    if (!value->is_int64()) return false;
    time = value->get_int64();
    return true;
}

} // namespace

Result<BearerClaims> read_bearer(std::string_view token, TokenKind kind) {
    const auto parts = split(token);
    const auto header = parts ? parse_part(parts->header) : std::nullopt;
    const auto body = parts ? parse_part(parts->claims) : std::nullopt;
    if (!header || !body || !from_base64url(parts->signature))
        return refused("the bearer token is malformed");
    Fields head(*header, "the token");
    Fields fields(*body, "the token");
    BearerClaims claims;
    claims.algorithm = head.text("alg");
    claims.subject = fields.text("sub");
    const bool times = read_time(*body, "exp", claims.expires) && read_time(*body, "nbf", claims.not_before);
    if (!head.ok() || !fields.ok() || !times || !is_id(claims.subject))
        return refused("the bearer token is malformed");
    const bool device = kind == TokenKind::device;
    if (!fields.boolean_or(device ? "mender.device" : "mender.user", false) || !fields.ok())
        return refused(device ? "not a device's bearer token" : "not a user's bearer token");
    return claims;
}

Result<std::string> device_signed_by(const Key& key, std::string_view token, std::int64_t now) {
    auto claims = read_bearer(token, TokenKind::device);
    if (!claims) return claims.error();
    if (claims->algorithm.empty() || claims->algorithm != key.jwt_algorithm())
        return refused("the bearer token is not signed in the way of the server's key");
    const auto parts = split(token);
    const auto signature = from_base64url(parts->signature);
    if (!key.verifies(bytes_of(parts->signed_text), *signature))
        return refused("the bearer token's signature does not hold");
    if (!claims->expires || now >= *claims->expires) return refused("the bearer token has expired");
    if (claims->not_before && now < *claims->not_before) return refused("the bearer token does not hold yet");
    return std::move(claims->subject);
}

} // namespace two_path::host::mender
