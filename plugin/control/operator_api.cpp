#include "plugin/control/operator_api.hpp"

#include "plugin/control/audit_api.hpp"
#include "plugin/control/doctor_api.hpp"
#include "plugin/control/notice_api.hpp"
#include "plugin/control/payload_api.hpp"
#include "plugin/control/release_api.hpp"
#include "plugin/control/session_view.hpp"

#include <charconv>
#include <memory>

namespace two_path::control {
namespace {

constexpr std::uint64_t default_limit = 100;
constexpr std::uint64_t max_limit = 1000;

using Endpoint = awaitable<Response> (*)(const OperatorContext&, Request&);

Result<std::uint64_t> limit_of(const Request& request) {
    const auto text = request.query_value("limit");
    if (text.empty()) return default_limit;
    std::uint64_t limit = 0;
    const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), limit);
    if (ec != std::errc() || end != text.data() + text.size() || limit == 0 || limit > max_limit)
        return fail(Errc::bad_request, "`limit` must be 1 to " + std::to_string(max_limit));
    return limit;
}

Result<state::SessionFilter> filter_of(const Request& request) {
    state::SessionFilter filter{request.query_value("device"), request.query_value("release"), std::nullopt,
                                default_limit};
    const auto limit = limit_of(request);
    if (!limit) return limit.error();
    filter.limit = *limit;
    if (const auto state = request.query_value("state"); !state.empty()) {
        filter.state = session_state_from_name(state);
        if (!filter.state) return fail(Errc::bad_request, "`state` is no session's state");
    }
    return filter;
}

Response unknown_session(const Request& request) {
    return Response::of(fail(Errc::not_found, "no session has this id"), request.id);
}

awaitable<Response> list_sessions(const OperatorContext& context, Request& request) {
    const auto filter = filter_of(request);
    if (!filter) co_return Response::of(filter.error(), request.id);
    json::array list;
    for (const auto& session : context.store.sessions(*filter))
        list.push_back(live_view(context.store, context.admission, session));
    co_return Response::of(200, list);
}

awaitable<Response> show_session(const OperatorContext& context, Request& request) {
    const auto session = context.store.session(request.parameters["session"]);
    if (!session) co_return unknown_session(request);
    co_return Response::of(200, live_view(context.store, context.admission, *session));
}

awaitable<Response> list_events(const OperatorContext& context, Request& request) {
    const auto id = request.parameters["session"];
    if (!context.store.session(id)) co_return unknown_session(request);
    json::array list;
    for (const auto& event : context.store.events(id))
        list.push_back(view(event));
    co_return Response::of(200, list);
}

/// Server-sent events: a snapshot, and then what changes.
awaitable<Response> watch_sessions(const OperatorContext& context, Request& request) {
    auto watcher = context.feed.watch(std::string(request.bearer()), request.client);
    if (!watcher) co_return Response::of(watcher.error(), request.id);
    Response response;
    response.headers["Content-Type"] = "text/event-stream";
    response.headers["X-Accel-Buffering"] = "no"; // nginx would hold the events back
    response.stream = std::move(*watcher);
    co_return response;
}

/// Who asks is settled before a byte of the body is read.
awaitable<Response> as_operator(host::Host& host, const Handler& endpoint, Request& request) {
    std::string bearer(request.bearer());
    if (bearer.empty()) {
        const auto nobody = fail(Errc::unauthorized, "no bearer token");
        co_return Response::of(nobody, request.id);
    }
    const auto user = co_await host.operator_of(std::move(bearer), request.client);
    if (!user) co_return Response::of(user.error(), request.id);
    request.caller = *user;
    co_return co_await endpoint(request);
}

} // namespace

Handler for_operators(host::Host& host, Handler endpoint) {
    return [&host, served = std::move(endpoint)](Request& request) {
        return as_operator(host, served, request);
    };
}

void add_operator_api(Router& router, const OperatorContext& context) {
    const auto shared = std::make_shared<const OperatorContext>(context);
    const auto add = [&](const char* method, const char* path, Endpoint endpoint) {
        router.add(method, std::string(messages::management_api).append(path),
                   for_operators(context.host, [shared, endpoint](Request& request) {
                       return endpoint(*shared, request);
                   }));
    };
    add("POST", "/payloads", receive_payload);
    add("GET", "/payloads", list_payloads);
    add("DELETE", "/payloads/{payload}", remove_payload);
    add("POST", "/releases", add_release);
    add("GET", "/releases", list_releases);
    add("GET", "/releases/{release}", show_release);
    add("GET", "/releases/{release}/artifact", show_unsigned_artifact);
    add("PUT", "/releases/{release}/artifact", record_artifact);
    add("DELETE", "/releases/{release}", remove_release);
    add("GET", "/sessions", list_sessions);
    add("GET", "/sessions/{session}", show_session);
    add("GET", "/sessions/{session}/events", list_events);
    add("GET", "/events", watch_sessions);
    add("GET", "/notices", list_notices);
    add("PUT", "/notices/{session}/retry", retry_notice);
    add("DELETE", "/notices/{session}", remove_notice);
    if (context.audit != nullptr) {
        add("GET", "/audit", list_audit_files);
        add("GET", "/audit/{file}", send_audit_file);
    }
    if (context.doctor != nullptr) add("GET", "/doctor", diagnose);
}

} // namespace two_path::control
