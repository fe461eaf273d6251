// What the user interface keeps for everybody and for each user (Mender's management API, `useradm`).
#include "plugin/host/embedded/canonical.hpp"
#include "plugin/host/embedded/endpoint.hpp"
#include "plugin/host/embedded/users.hpp"

namespace two_path::host::embedded {
namespace {

constexpr std::size_t max_settings = 64 * 1024;
const std::string everybody;

std::string settings_of(Parts& parts, const std::string& owner) {
    auto rows = parts.database.query("SELECT content FROM settings WHERE owner = ?");
    rows.bind(owner);
    return rows.next() ? rows.text(0) : "{}";
}

control::Response show_settings(Parts& parts, const std::string& owner) {
    control::Response response;
    response.body = settings_of(parts, owner);
    response.headers["Content-Type"] = "application/json";
    response.headers["ETag"] = entity_tag(response.body);
    return response;
}

Result<control::Response> replace_settings(Parts& parts, const Call& call, const std::string& owner) {
    const auto body = call.any();
    if (!body) return body.error();
    if (!body->is_object()) return fail(Errc::bad_request, "the settings must be an object");
    const auto content = canonical(*body);
    state::Transaction transaction(parts.database);
    if (!matches(call, entity_tag(settings_of(parts, owner))))
        return refusal(fail(Errc::conflict, "somebody else changed the settings; read them again"),
                       precondition_failed, call);
    parts.database.query("INSERT OR REPLACE INTO settings (owner, content) VALUES (?, ?)")
        .with(owner, content)
        .run();
    transaction.commit();
    auto response = control::Response::empty(201);
    response.headers["ETag"] = entity_tag(content);
    return response;
}

Result<std::string> owner_of(Parts& parts, const Call& call) {
    const auto user = user_by_token(parts.database, call.caller);
    if (!user) return fail(Errc::unauthorized, "the token was logged out");
    return user->id;
}

Result<control::Response> show_shared(Parts& parts, const Call&) {
    return show_settings(parts, everybody);
}

Result<control::Response> replace_shared(Parts& parts, const Call& call) {
    return replace_settings(parts, call, everybody);
}

Result<control::Response> show_own(Parts& parts, const Call& call) {
    const auto owner = owner_of(parts, call);
    if (!owner) return owner.error();
    return show_settings(parts, *owner);
}

Result<control::Response> replace_own(Parts& parts, const Call& call) {
    const auto owner = owner_of(parts, call);
    if (!owner) return owner.error();
    return replace_settings(parts, call, *owner);
}

/// Those to clouds, of which this host has none; the user interface asks.
Result<control::Response> list_integrations(Parts&, const Call&) {
    return control::Response::of(200, json::array());
}

} // namespace

void add_settings_api(control::Router& router, Parts& parts) {
    const std::string shared = "/api/management/v1/useradm/settings";
    const std::string own = shared + "/me";
    add_route(router, parts, Caller::user, "GET", shared, show_shared);
    add_route(router, parts, Caller::user, "POST", shared, replace_shared, max_settings);
    add_route(router, parts, Caller::user, "GET", own, show_own);
    add_route(router, parts, Caller::user, "POST", own, replace_own, max_settings);
    add_route(router, parts, Caller::user, "GET", "/api/management/v1/iot-manager/integrations",
              list_integrations);
}

} // namespace two_path::host::embedded
