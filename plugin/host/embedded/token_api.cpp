// Personal access tokens: what programs use in a user's name (Mender's management API, `useradm`).
#include "plugin/host/embedded/endpoint.hpp"
#include "plugin/host/embedded/timestamp.hpp"
#include "plugin/host/embedded/users.hpp"

namespace two_path::host::embedded {
namespace {

constexpr std::size_t max_token_name = 255;
/// Without a lifetime, and at most. Mender's may live for ever; here every token ends.
constexpr std::chrono::seconds usual_lifetime = std::chrono::hours(24 * 365);
constexpr std::chrono::seconds max_lifetime = 10 * usual_lifetime;

json::object describe(const UserToken& token) {
    json::object shown{{"id", token.id},
                       {"name", *token.name},
                       {"created_ts", rfc3339(token.created)},
                       {"expiration_date", rfc3339(token.expires)}};
    if (token.used) shown["last_used"] = rfc3339(*token.used);
    return shown;
}

Result<std::string> user_of(Parts& parts, const Call& call) {
    const auto user = user_by_token(parts.database, call.caller);
    if (!user) return fail(Errc::unauthorized, "the token was logged out");
    return user->id;
}

Result<control::Response> create_token(Parts& parts, const Call& call) {
    const auto body = call.object();
    if (!body) return body.error();
    Fields fields(*body, "the token");
    const auto name = fields.text("name");
    const auto lifetime = fields.number_or("expires_in", 0);
    if (name.empty() || name.size() > max_token_name)
        fields.refuse("`name` must have 1 to " + std::to_string(max_token_name) + " bytes");
    if (std::cmp_greater(lifetime, max_lifetime.count()))
        fields.refuse("`expires_in` is over " + std::to_string(max_lifetime.count()) + " seconds");
    if (!fields.ok()) return fields.error();
    const auto user = user_of(parts, call);
    if (!user) return user.error();
    auto answer =
        token_answer(parts, *user, name, lifetime == 0 ? usual_lifetime : std::chrono::seconds(lifetime));
    if (!answer && answer.error().code == Errc::too_large)
        return refusal(answer.error(), unprocessable, call);
    return answer;
}

Result<control::Response> show_tokens(Parts& parts, const Call& call) {
    const auto user = user_of(parts, call);
    if (!user) return user.error();
    json::array shown;
    for (const auto& token : personal_tokens(parts.database, *user))
        shown.push_back(describe(token));
    return control::Response::of(200, std::move(shown));
}

Result<control::Response> revoke_personal_token(Parts& parts, const Call& call) {
    const auto user = user_of(parts, call);
    if (!user) return user.error();
    if (!remove_personal_token(parts.database, *user, call.parameter("token")))
        return fail(Errc::not_found, "no such token");
    return control::Response::empty(204);
}

} // namespace

void add_token_api(control::Router& router, Parts& parts) {
    const std::string tokens = "/api/management/v1/useradm/settings/tokens";
    add_route(router, parts, Caller::user, "POST", tokens, create_token);
    add_route(router, parts, Caller::user, "GET", tokens, show_tokens);
    add_route(router, parts, Caller::user, "DELETE", tokens + "/{token}", revoke_personal_token);
}

} // namespace two_path::host::embedded
