// Devices ask to come in (Mender's device API, `authentication`).
#include "plugin/host/embedded/auth_sets.hpp"
#include "plugin/host/embedded/endpoint.hpp"
#include "plugin/host/key.hpp"

namespace two_path::host::embedded {
namespace {

/// Anyone may send one, so less than elsewhere.
constexpr std::size_t max_request = 64 * 1024;
constexpr std::size_t max_identity = 4 * 1024;

struct AuthRequest {
    json::object identity;
    Key key;
    std::string public_pem;
};

Result<AuthRequest> parse_request(const Call& call) {
    const auto body = call.object();
    if (!body) return body.error();
    Fields fields(*body, "the authentication request");
    const auto data = fields.text("id_data");
    const auto pem = fields.text("pubkey");
    if (!fields.ok()) return fields.error();
    if (data.size() > max_identity)
        return fail(Errc::bad_request, "`id_data` is over " + std::to_string(max_identity) + " bytes");
    auto identity = parse_object(data, "`id_data`");
    if (!identity) return identity.error();
    if (identity->empty()) return fail(Errc::bad_request, "`id_data` is empty");
    auto key = Key::parse_public(pem);
    if (!key) return key.error();
    auto text = key->public_pem();
    return AuthRequest{std::move(*identity), std::move(*key), std::move(text)};
}

/// The body is signed as it was sent, to the last byte.
Result<void> check_signature(const Call& call, const Key& key) {
    const auto header = call.request.headers.find("X-MEN-Signature");
    if (header == call.request.headers.end()) return fail(Errc::bad_request, "no X-MEN-Signature header");
    const auto signature = from_base64(header->second);
    if (!signature) return fail(Errc::bad_request, "X-MEN-Signature is not base64");
    if (!key.verifies(bytes_of(call.body), *signature))
        return fail(Errc::unauthorized, "X-MEN-Signature does not match the body and `pubkey`");
    return {};
}

control::Response token_for(Parts& parts, const AuthSet& set) {
    const auto now = parts.now_in_seconds();
    const Claims claims{TokenKind::device, set.token, set.device, now,
                        now + parts.settings.device_token_lifetime.count()};
    control::Response response;
    response.headers["Content-Type"] = "application/jwt";
    response.body = parts.tokens.issue(claims);
    return response;
}

control::Response too_many_newcomers(const Call& call, std::int64_t wait) {
    auto response = refusal(fail(Errc::busy, "too many new devices ask from this address"), 429, call);
    response.headers["Retry-After"] = std::to_string(wait);
    return response;
}

/// `Authorization` is ignored: clients send leftovers in it. A fleet may be behind one address, and junk
/// beside it: a device that was let in gets its token whatever else comes from there, and for all others what
/// is dear (checking a signature with a key of anyone's choice, writing) comes after the limit.
Result<control::Response> authenticate(Parts& parts, const Call& call) {
    const auto asked = parse_request(call);
    const auto known =
        asked ? find_auth_set(parts.database, asked->identity, asked->public_pem) : std::nullopt;
    if (!known || !known->accepted()) {
        const auto wait = parts.newcomers.admit(call.request.client, parts.settings.clock.steady());
        if (wait > 0) return too_many_newcomers(call, wait);
    }
    if (!asked) return asked.error();
    const auto signature = check_signature(call, asked->key);
    if (!signature) return signature.error();

    if (known) note_request(parts.database, *known, parts.now());
    const auto set =
        known ? *known : add_auth_set(parts.database, asked->identity, asked->public_pem, parts.settings);
    if (!set) return set.error();
    if (set->accepted()) return token_for(parts, *set);
    return fail(Errc::unauthorized, set->status == "pending"
                                        ? "the device waits to be accepted by the operator"
                                        : "the operator rejected the device");
}

} // namespace

void add_authentication_api(control::Router& router, Parts& parts) {
    add_route(router, parts, Caller::anyone, "POST", "/api/devices/v1/authentication/auth_requests",
              authenticate, max_request);
}

} // namespace two_path::host::embedded
