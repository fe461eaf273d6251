#include "plugin/host/mender/management.hpp"

#include "plugin/control/artifact_form.hpp"
#include "plugin/control/one_line.hpp"
#include "plugin/log.hpp"
#include "plugin/rate_limiter.hpp"

#include <boost/json/serialize.hpp>

#include <utility>

namespace two_path::host::mender {
using control::ClientRequest;
using control::ClientResponse;

namespace {

constexpr std::int64_t tell_again_after = 60'000;
constexpr std::size_t max_quote = 200;

ClientRequest request_of(std::string method, const std::string& target) {
    ClientRequest request;
    request.method = std::move(method);
    request.target = "/api/management" + target;
    request.headers["Accept"] = "application/json";
    return request;
}

} // namespace

Error unexpected(const ClientResponse& response, const std::string& what) {
    // Who makes the plugin ask may do so as often as it likes.
    static RateLimiter told(1, tell_again_after);
    auto detail = "the Mender server answers " + what + " with status " + std::to_string(response.status);
    const bool news = told.admit(detail, Clock::system().steady()) == 0;
    if (const auto body = parse_object(response.body, "the error")) {
        Fields fields(*body, "the error");
        const auto text = fields.text_or("error", "");
        if (!text.empty()) detail += ": " + control::one_line(text, max_quote);
    }
    if (news) log(Level::warning, detail);
    return fail(Errc::unavailable, std::move(detail));
}

Management::Management(Server& server, AccessToken token, Clock clock)
  : server_(server)
  , token_(std::move(token))
  , clock_(std::move(clock)) {}

awaitable<Result<ClientResponse>> Management::get(std::string target, Patience patience) {
    co_return co_await ask(request_of("GET", target), patience);
}

awaitable<Result<ClientResponse>> Management::post(std::string target, json::value body, bool repeatable,
                                                   Patience patience) {
    auto request = request_of("POST", target);
    request.headers["Content-Type"] = "application/json";
    request.body = json::serialize(body);
    request.repeatable = repeatable;
    co_return co_await ask(std::move(request), patience);
}

awaitable<Result<ClientResponse>> Management::post_artifact(std::string target, std::string artifact,
                                                            std::string description, Patience patience) {
    auto request = request_of("POST", target);
    control::put_artifact(request, artifact, description);
    co_return co_await ask(std::move(request), patience);
}

awaitable<Result<ClientResponse>> Management::ask(ClientRequest request, Patience patience) {
    for (bool renewed = false;; renewed = true) {
        request.headers["Authorization"] = authorization();
        auto answer = co_await server_.ask(request, patience);
        if (!answer) co_return answer.error();
        switch (answer->status) {
        case 401:
            if (!renewed && renew_token(request)) continue;
            co_return refused(401);
        case 403:
            co_return refused(403);
        default:
            told_ = 0;
            co_return answer;
        }
    }
}

/// Whether there is another token than the one that the request had: perhaps another request's 401 has
/// brought it already.
bool Management::renew_token(const ClientRequest& refused) {
    const auto renewed = token_.renew();
    if (!renewed) log(Level::error, renewed.error().detail);
    return refused.headers.at("Authorization") != authorization();
}

std::string Management::authorization() const {
    return "Bearer " + token_.text();
}

Error Management::refused(unsigned status) {
    const auto now = clock_.steady();
    if (told_ == 0 || now - told_ >= tell_again_after) {
        told_ = now;
        log(Level::error,
            "the Mender server " + server_.name() + " refuses the personal access token of " +
                token_.file().string() + " (status " + std::to_string(status) +
                "): make one in Mender that may use deployments, devices and inventory, and write it into "
                "that file, which is read again by itself; devices are told to come again until then");
    }
    return fail(Errc::unavailable, "the Mender server refuses the plugin's access token");
}

} // namespace two_path::host::mender
