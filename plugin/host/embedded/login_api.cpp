// Operators log in and out (Mender's management API, `useradm`).
#include "plugin/host/embedded/endpoint.hpp"
#include "plugin/host/embedded/password.hpp"
#include "plugin/host/embedded/users.hpp"
#include "plugin/log.hpp"

namespace two_path::host::embedded {
namespace {

constexpr std::size_t max_login_body = 4096;
constexpr std::size_t max_credentials = 2048;

struct Credentials {
    std::string email;
    std::string password;

    Credentials() = default;
    Credentials(Credentials&&) noexcept = default;
    Credentials& operator=(Credentials&&) = delete;
    ~Credentials() { wipe(password); }
};

/// RFC 7617; none when the header is missing or malformed.
std::optional<Credentials> basic_credentials(const control::Request& request) {
    constexpr std::string_view scheme = "Basic ";
    const auto header = request.headers.find("Authorization");
    if (header == request.headers.end() || !header->second.starts_with(scheme) ||
        header->second.size() > max_credentials)
        return std::nullopt;
    auto bytes = from_base64(std::string_view(header->second).substr(scheme.size()));
    if (!bytes) return std::nullopt;
    const std::string_view text(reinterpret_cast<const char*>(bytes->data()), bytes->size());
    std::optional<Credentials> credentials;
    if (const auto colon = text.find(':'); colon != std::string_view::npos) {
        credentials.emplace();
        credentials->email = text.substr(0, colon);
        credentials->password = text.substr(colon + 1);
    }
    wipe(*bytes);
    return credentials;
}

control::Response wrong_credentials(const control::Request& request) {
    auto response =
        control::Response::of(fail(Errc::unauthorized, "wrong e-mail address or password"), request.id);
    response.headers["WWW-Authenticate"] = "Basic realm=\"two-path\"";
    return response;
}

/// An unknown user costs the same work as a wrong password, so that neither can be told from the other.
awaitable<control::Response> log_in(Parts& parts, control::Request& request) {
    const auto wait = parts.logins.admit(request.client, parts.settings.clock.steady());
    if (wait > 0) {
        log(Level::warning, "too many login attempts from " + request.client.to_string());
        auto response = control::Response::of(fail(Errc::busy, "too many login attempts"), request.id);
        response.headers["Retry-After"] = std::to_string(wait);
        co_return response;
    }
    const auto body = co_await request.body->all(max_login_body);
    if (!body) co_return control::Response::of(body.error(), request.id);
    auto credentials = basic_credentials(request);
    if (!credentials) co_return wrong_credentials(request);

    request.caller = credentials->email;
    auto user = user_by_email(parts.database, credentials->email);
    auto stored = user ? user->password : unmatched_password();
    const auto matches =
        co_await parts.passwords.matches(std::move(credentials->password), std::move(stored));
    if (!matches) {
        parts.logins.succeeded(request.client); // nothing was tried
        co_return control::Response::of(matches.error(), request.id);
    }
    if (!*matches || !user || !has_still(parts.database, *user)) {
        log(Level::warning, "a login from " + request.client.to_string() + " was refused");
        co_return wrong_credentials(request);
    }
    parts.logins.succeeded(request.client);
    auto token = token_answer(parts, user->id, std::nullopt, parts.settings.user_token_lifetime);
    if (!token) co_return control::Response::of(token.error(), request.id);
    co_return std::move(*token);
}

Result<control::Response> log_out(Parts& parts, const Call& call) {
    remove_user_token(parts.database, call.caller);
    return control::Response::empty(202);
}

} // namespace

void add_login_api(control::Router& router, Parts& parts) {
    const std::string useradm = "/api/management/v1/useradm";
    router.add("POST", useradm + "/auth/login",
               [&parts](control::Request& request) { return log_in(parts, request); });
    add_route(router, parts, Caller::user, "POST", useradm + "/auth/logout", log_out);
}

} // namespace two_path::host::embedded
