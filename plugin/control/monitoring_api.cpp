#include "plugin/control/monitoring_api.hpp"

#include "plugin/control/metrics_text.hpp"
#include "plugin/control/sessions.hpp"

#include <openssl/crypto.h>

#include <memory>
#include <optional>
#include <system_error>
#include <vector>

namespace two_path::control {
namespace {

constexpr std::int64_t health_age = 5'000; ///< ms

bool equal(std::string_view a, std::string_view b) {
    return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

class Monitoring {
  public:
    explicit Monitoring(MonitoringContext context)
      : context_(std::move(context))
      , started_(context_.store.clock().unix_time()) {}

    awaitable<Response> health() {
        if (is_old()) {
            const auto network = co_await context_.network();
            // Another request may have looked meanwhile. From here on nothing waits, so that nobody is told
            // of a look that is not over.
            if (is_old()) look(network);
        }
        if (problems_.empty()) co_return Response::of(200, json::object{{"status", "ok"}});
        const json::array list(problems_.begin(), problems_.end());
        co_return Response::of(503, json::object{{"status", "failing"}, {"problems", list}});
    }

    awaitable<Response> metrics(Request& request) {
        auto refusal = co_await refused(request);
        if (refusal) co_return Response::of(*refusal, request.id);
        const auto network = co_await context_.network();
        Response response;
        response.headers["Content-Type"] = "text/plain; version=0.0.4; charset=utf-8";
        response.body = metrics_text(context_, network, started_);
        co_return response;
    }

  private:
    /// Prometheus holds no login that ends, so a token of its own may be configured.
    awaitable<std::optional<Error>> refused(const Request& request) {
        std::string bearer(request.bearer());
        if (bearer.empty()) co_return fail(Errc::unauthorized, "no bearer token");
        if (!context_.metrics_token.empty() && equal(bearer, context_.metrics_token)) co_return std::nullopt;
        const auto user = co_await context_.host.operator_of(std::move(bearer), request.client);
        if (user) co_return std::nullopt;
        co_return user.error();
    }

    bool is_old() const { return !looked_ || context_.store.clock().steady() - *looked_ >= health_age; }

    void look(const NetworkFigures& network) {
        looked_ = context_.store.clock().steady();
        std::vector<std::string> problems;
        if (!context_.store.can_write()) problems.emplace_back("the state database cannot be written");
        std::error_code ec;
        const auto space = std::filesystem::space(context_.state_dir, ec);
        if (ec)
            problems.emplace_back("the state folder cannot be looked at");
        else if (space.available < least_room)
            problems.emplace_back("less than 64 MiB are free where the state is");
        if (!network.ftp_listens) problems.emplace_back("the FTP server does not listen");
        problems_ = std::move(problems);
    }

    MonitoringContext context_;
    std::int64_t started_;
    std::optional<std::int64_t> looked_;
    std::vector<std::string> problems_;
};

} // namespace

void follow_sessions(state::Store& store, state::Admission& admission, SessionFeed& feed, Meters& meters) {
    store.on_change([&feed, &meters](const state::Session& session, std::string_view what, bool moved) {
        feed.changed(session.id);
        if (moved) meters.moved(session);
        if (what == fallback_note) meters.fell_back();
    });
    admission.on_sent([&feed, &meters](const std::string& session, const state::Sent& more) {
        feed.progressed(session);
        meters.sent(more);
    });
}

void add_monitoring_api(Router& router, const MonitoringContext& context) {
    const auto monitoring = std::make_shared<Monitoring>(context);
    const std::string base(messages::management_api);
    router.add("GET", base + "/health", [monitoring](Request&) { return monitoring->health(); });
    router.add("GET", base + "/metrics",
               [monitoring](Request& request) { return monitoring->metrics(request); });
}

} // namespace two_path::control
