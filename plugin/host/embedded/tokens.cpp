#include "plugin/host/embedded/tokens.hpp"

#include "plugin/durable_file.hpp"

#include <boost/json/serialize.hpp>

namespace two_path::host::embedded {
namespace {

constexpr std::size_t max_token = 4096;
constexpr std::size_t max_key_file = 8192;

struct Kind {
    std::string_view issuer;
    std::string_view claim;
};

constexpr Kind kind_of(TokenKind kind) {
    return kind == TokenKind::device ? Kind{"Mender", "mender.device"}
                                     : Kind{"mender.useradm", "mender.user"};
}

std::string part(const json::object& object) {
    return to_base64url(bytes_of(json::serialize(object)));
}

Error bad_token(const char* why) {
    return fail(Errc::unauthorized, why);
}

Result<json::object> parse_part(std::string_view text) {
    const auto bytes = from_base64url(text);
    if (!bytes) return bad_token("the bearer token is malformed");
    auto object =
        parse_object({reinterpret_cast<const char*>(bytes->data()), bytes->size()}, "the bearer token");
    if (!object) return bad_token("the bearer token is malformed");
    return object;
}

std::optional<std::int64_t> seconds(const json::object& claims, std::string_view name) {
    const auto* value = claims.if_contains(name);
    if (value == nullptr || !value->is_int64()) return std::nullopt;
    return value->get_int64();
}

} // namespace

Result<Tokens> Tokens::open(const std::filesystem::path& file) {
    auto text = read_small_file(file, max_key_file);
    if (!text && text.error().code == Errc::not_found) {
        auto key = Key::make_ed25519();
        auto pem = key.private_pem();
        const auto written = write_durably(file, pem, 0600);
        wipe(pem);
        if (!written) return fail(Errc::bad_configuration, written.error().detail);
        return Tokens(std::move(key));
    }
    if (!text) return fail(Errc::bad_configuration, text.error().detail);
    auto key = Key::parse_private(*text);
    wipe(*text);
    if (!key) return fail(Errc::bad_configuration, file.string() + ": " + key.error().detail);
    return Tokens(std::move(*key));
}

std::string Tokens::issue(const Claims& claims) const {
    const auto kind = kind_of(claims.kind);
    json::object body{{"jti", claims.id},     {"sub", claims.subject}, {"exp", claims.expires},
                      {"iat", claims.issued}, {"iss", kind.issuer},    {kind.claim, true}};
    if (claims.kind == TokenKind::device) {
        body["mender.plan"] = "os";
        body["mender.trial"] = false;
        body["mender.addons"] = json::array();
    } else {
        body["nbf"] = claims.issued;
        body["scp"] = "mender.*";
    }
    auto token = part({{"alg", "EdDSA"}, {"typ", "JWT"}}) + "." + part(body);
    const auto signature = key_.sign(bytes_of(token));
    return token.append(".").append(to_base64url(signature));
}

bool Tokens::is_signed(std::string_view token, std::string_view content, std::string_view signature) const {
    const auto known_as = digest_of(DigestKind::sha256, bytes_of(token));
    if (signed_.contains(known_as)) return true;
    const auto bytes = from_base64url(signature);
    if (!bytes || !key_.verifies(bytes_of(content), *bytes)) return false;
    signed_.add(known_as);
    return true;
}

Result<Claims> Tokens::verify(std::string_view token, TokenKind kind, std::int64_t now) const {
    if (token.empty()) return bad_token("no bearer token");
    if (token.size() > max_token) return bad_token("the bearer token is malformed");
    const auto first = token.find('.');
    const auto second = token.find('.', first == std::string_view::npos ? first : first + 1);
    if (second == std::string_view::npos) return bad_token("the bearer token is malformed");

    if (!is_signed(token, token.substr(0, second), token.substr(second + 1)))
        return bad_token("the bearer token's signature does not hold");

    const auto header = parse_part(token.substr(0, first));
    if (!header) return header.error();
    const auto* algorithm = header->if_contains("alg");
    if (algorithm == nullptr || *algorithm != "EdDSA") return bad_token("the bearer token is malformed");

    const auto body = parse_part(token.substr(first + 1, second - first - 1));
    if (!body) return body.error();
    const auto expected = kind_of(kind);
    Fields fields(*body, "the bearer token");
    Claims claims{kind, fields.text("jti"), fields.text("sub"), 0, 0};
    const auto issuer = fields.text("iss");
    const auto issued = seconds(*body, "iat");
    const auto expires = seconds(*body, "exp");
    if (!fields.ok() || !issued || !expires) return bad_token("the bearer token is malformed");
    if (issuer != expected.issuer || !fields.boolean_or(expected.claim, false))
        return bad_token(kind == TokenKind::device ? "not a device's bearer token"
                                                   : "not a user's bearer token");
    if (now >= *expires) return bad_token("the bearer token has expired");
    claims.issued = *issued;
    claims.expires = *expires;
    return claims;
}

} // namespace two_path::host::embedded
