// Who the operators are (Mender's management API, `useradm`).
#include "plugin/host/embedded/endpoint.hpp"
#include "plugin/host/embedded/password.hpp"
#include "plugin/host/embedded/timestamp.hpp"
#include "plugin/host/embedded/users.hpp"

namespace two_path::host::embedded {
namespace {

constexpr std::string_view users_path = "/api/management/v1/useradm/users";

json::object describe(const User& user) {
    json::object shown{{"id", user.id},
                       {"email", user.email},
                       {"created_ts", rfc3339(user.created)},
                       {"updated_ts", rfc3339(user.updated == 0 ? user.created : user.updated)}};
    if (user.logged_in) shown["login_ts"] = rfc3339(*user.logged_in);
    return shown;
}

/// Mender says 422 for most of what it does not do.
control::Response user_refusal(const Error& error, const Call& call) {
    if (error.code == Errc::not_found || error.code == Errc::busy)
        return control::Response::of(error, call.request.id);
    return refusal(error, unprocessable, call);
}

/// `{id}`, where `me` is who calls.
std::string id_of(Parts& parts, const Call& call) {
    const auto& id = call.parameter("user");
    if (id != "me") return id;
    const auto user = user_by_token(parts.database, call.caller);
    return user ? user->id : std::string();
}

Result<control::Response> show_users(Parts& parts, const Call& call) {
    json::array shown;
    for (const auto& user : list_users(parts.database))
        shown.push_back(describe(user));
    const auto total = static_cast<std::int64_t>(shown.size());
    return list_answer(call, {0, std::max<std::int64_t>(1, total)}, std::move(shown), total);
}

Result<control::Response> show_user(Parts& parts, const Call& call) {
    const auto user = user_by_id(parts.database, id_of(parts, call));
    if (!user) return fail(Errc::not_found, "no such user");
    return control::Response::of(200, describe(*user));
}

awaitable<Result<control::Response>> register_user(Parts& parts, const Call& call) {
    const auto body = call.object();
    if (!body) co_return body.error();
    Fields fields(*body, "the user");
    const auto email = fields.text("email");
    auto password = fields.text("password");
    if (!fields.ok()) co_return fields.error();
    if (const auto checked = check_email(email); !checked) co_return checked.error();
    if (const auto checked = check_password(password); !checked)
        co_return refusal(checked.error(), unprocessable, call);
    const auto stored = co_await parts.passwords.hash(std::move(password));
    if (!stored) co_return stored.error();
    const auto added = add_user(parts.database, email, *stored, parts.now());
    if (!added) co_return refusal(added.error(), unprocessable, call);
    auto response = control::Response::empty(201);
    response.headers["Location"] = std::string(users_path).append("/").append(*added);
    co_return std::move(response);
}

/// Only the own password, and only by whom knows it.
awaitable<Result<std::string>> new_password(Parts& parts, const Call& call, const User& user,
                                            Fields& fields) {
    auto password = fields.text("password");
    auto current = fields.text_or("current_password", "");
    if (!fields.ok()) co_return fields.error();
    const auto caller = user_by_token(parts.database, call.caller);
    if (!caller || caller->id != user.id)
        co_return fail(Errc::forbidden, "nobody changes another user's password");
    if (const auto checked = check_password(password); !checked) co_return checked.error();
    // A stolen token is no way to guess the password behind it.
    if (parts.logins.admit(call.request.client, parts.settings.clock.steady()) > 0)
        co_return fail(Errc::busy, "too many passwords were tried from this address");
    const auto known = co_await parts.passwords.matches(std::move(current), user.password);
    if (!known || *known) parts.logins.succeeded(call.request.client);
    if (!known) co_return known.error();
    const auto wrong = fail(Errc::forbidden, "`current_password` is not the current password");
    if (!*known) co_return wrong;
    auto stored = co_await parts.passwords.hash(std::move(password));
    if (stored && !has_still(parts.database, user)) co_return wrong;
    co_return stored;
}

awaitable<Result<control::Response>> edit_user(Parts& parts, const Call& call) {
    const auto body = call.object();
    if (!body) co_return body.error();
    const auto user = user_by_id(parts.database, id_of(parts, call));
    if (!user) co_return fail(Errc::not_found, "no such user");
    Fields fields(*body, "the user");
    UserChange asked;
    if (fields.has("email")) asked.email = fields.text("email");
    if (!fields.ok()) co_return fields.error();
    if (asked.email)
        if (const auto checked = check_email(*asked.email); !checked) co_return checked.error();
    if (fields.has("password")) {
        auto password = co_await new_password(parts, call, *user, fields);
        if (!password) co_return user_refusal(password.error(), call);
        asked.password = std::move(*password);
    }
    const auto changed = change_user(parts.database, user->id, asked, call.caller, parts.now());
    if (!changed) co_return user_refusal(changed.error(), call);
    co_return control::Response::empty(204);
}

Result<control::Response> delete_user(Parts& parts, const Call& call) {
    const auto removed = remove_user(parts.database, id_of(parts, call));
    if (!removed) return refusal(removed.error(), unprocessable, call);
    return control::Response::empty(204);
}

} // namespace

void add_user_api(control::Router& router, Parts& parts) {
    const std::string users(users_path);
    add_route(router, parts, Caller::user, "GET", users, show_users);
    add_route(router, parts, Caller::user, "POST", users, register_user);
    add_route(router, parts, Caller::user, "GET", users + "/{user}", show_user);
    add_route(router, parts, Caller::user, "PUT", users + "/{user}", edit_user);
    add_route(router, parts, Caller::user, "DELETE", users + "/{user}", delete_user);
}

} // namespace two_path::host::embedded
