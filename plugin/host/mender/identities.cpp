#include "plugin/host/mender/identities.hpp"

#include "plugin/durable_file.hpp"
#include "plugin/host/mender/answers.hpp"
#include "plugin/host/mender/management.hpp"
#include "plugin/log.hpp"

#include <utility>

namespace two_path::host::mender {
using control::ClientRequest;
using control::ClientResponse;

namespace {

/// Without its parameters the server looks at the token and then refuses the request, before it touches a
/// deployment: 401 or 400. (With them it would be a poll, which can fail the device's deployment.)
constexpr const char* harmless_poll = "/api/devices/v1/deployments/device/deployments/next";
constexpr const char* user_target = "/api/management/v1/useradm/users/me";
constexpr std::size_t max_key_file = 16 * 1024;

ClientRequest request_with(const std::string& bearer, std::string target) {
    ClientRequest request;
    request.target = std::move(target);
    request.headers["Authorization"] = "Bearer " + bearer;
    return request;
}

Result<Key> read_key(const std::filesystem::path& file) {
    const auto pem = read_small_file(file, max_key_file);
    if (!pem) return fail(Errc::bad_configuration, pem.error().detail);
    auto key = Key::parse_public(*pem);
    if (!key || key->jwt_algorithm().empty())
        return fail(Errc::bad_configuration,
                    file.string() + ": no public key of RSA (2048 bits and more) or Ed25519 in PEM; write it "
                                    "with openssl pkey -in PRIVATE_KEY -pubout");
    return key;
}

control::HttpsClientOptions deviceauth_options(const MenderSettings& settings) {
    control::HttpsClientOptions options;
    options.origin = settings.verify_url.origin;
    options.plain = settings.verify_url.plain;
    options.ca_file = settings.ca_file;
    return options;
}

/// Whether the server has looked at the harmless poll and found no parameters. Proxies answer 400 as well, to
/// headers that they find too long, before anybody has looked at the token.
bool misses_parameters(const ClientResponse& answer) {
    if (answer.status != 400) return false;
    const auto body = parse_object(answer.body, "the error");
    return body && body->contains("error") && body->contains("request_id");
}

/// What the verifier's answer says of the token.
Result<void> judge(const ClientResponse& answer, bool by_gateway) {
    if (answer.status == 401 || answer.status == 403)
        return fail(Errc::unauthorized, "the Mender server does not accept the bearer token");
    if (by_gateway ? misses_parameters(answer) : answer.status == 200) return {};
    return unexpected(answer, "the question whose a token is");
}

} // namespace

Identities::Identities(Clock clock, Server& gateway, std::string verify_target)
  : clock_(std::move(clock))
  , gateway_(gateway)
  , verify_target_(std::move(verify_target)) {}

Result<std::unique_ptr<Identities>> Identities::create(const Executors& executors,
                                                       const MenderSettings& settings, Server& gateway) {
    const bool inside = settings.verification == Verification::deviceauth;
    std::unique_ptr<Identities> made(
        new Identities(settings.clock, gateway, inside ? settings.verify_url.target : harmless_poll));
    if (inside) made->deviceauth_.emplace(executors, deviceauth_options(settings));
    if (settings.verification == Verification::offline) {
        auto key = read_key(settings.verify_key);
        if (!key) return key.error();
        made->key_.emplace(std::move(*key));
        log(Level::warning,
            "devices' tokens are verified offline, by their signature alone: a device that is rejected, "
            "dismissed or decommissioned in Mender may still ask the plugin until its token expires, which "
            "Mender gives a week; what is deployed to it is always asked of the Mender server");
    }
    return made;
}

awaitable<Result<std::string>> Identities::device_of(std::string bearer, boost::asio::ip::address client) {
    if (key_) co_return device_signed_by(*key_, bearer, clock_.unix_time() / 1000);
    auto claims = read_bearer(bearer, TokenKind::device);
    if (!claims) co_return claims.error();
    auto asking = ask_for_device(bearer, std::move(claims->subject));
    co_return co_await known_or(std::move(asking), devices_, std::move(bearer), std::move(client));
}

/// The question is not asked when its answer is known, or when strangers may ask none now.
awaitable<Result<std::string>> Identities::known_or(Asking asking, TokenCache& known, std::string bearer,
                                                    boost::asio::ip::address client) {
    if (auto told = known.find(bearer, clock_.steady())) co_return *std::move(told);
    const auto met = regulars_.find(bearer, clock_.steady());
    const bool regular = met && *met;
    if (!regular && strangers_.admit(client, clock_.steady()) > 0)
        co_return fail(Errc::unavailable, "too many unknown bearer tokens come from " + client.to_string());
    auto owner = co_await std::move(asking);
    if (!owner && owner.error().code != Errc::unauthorized) co_return owner;
    known.keep(bearer, owner, clock_.steady());
    if (owner || regular) regulars_.keep(bearer, owner, clock_.steady());
    if (owner && !regular) strangers_.succeeded(client);
    co_return owner;
}

awaitable<Result<std::string>> Identities::ask_for_device(std::string bearer, std::string device) {
    const auto answer = co_await verifier().ask(request_with(bearer, verify_target_), for_a_caller);
    if (!answer) co_return answer.error();
    if (auto holds = judge(*answer, !deviceauth_); !holds) co_return holds.error();
    co_return device;
}

awaitable<Result<std::string>> Identities::operator_of(std::string bearer, boost::asio::ip::address client) {
    const auto claims = read_bearer(bearer, TokenKind::user);
    if (!claims) co_return claims.error();
    auto asking = ask_for_user(bearer);
    co_return co_await known_or(std::move(asking), users_, std::move(bearer), std::move(client));
}

awaitable<Result<std::string>> Identities::ask_for_user(std::string bearer) {
    const auto answer = co_await gateway_.ask(request_with(bearer, user_target), for_a_caller);
    if (!answer) co_return answer.error();
    if (answer->status == 401)
        co_return fail(Errc::unauthorized, "the Mender server does not accept the bearer token");
    if (answer->status == 403)
        co_return fail(Errc::forbidden, "the Mender server does not let this user ask who it is");
    if (answer->status != 200) co_return unexpected(*answer, "the question whose a token is");
    co_return parse_user(answer->body);
}

} // namespace two_path::host::mender
