#include "plugin/control/device_api.hpp"

#include "plugin/control/file_answer.hpp"

#include <memory>

namespace two_path::control {
namespace {

/// Bytes of the bulk that one answer brings over HTTPS, so that a dead certification brings no more for long.
constexpr std::uint64_t max_part = std::uint64_t{4} << 20U;

/// One device asks one thing of one session.
struct Asked {
    std::string device;
    std::string session; ///< empty outside `/sessions/{session}`
    std::string body;
};

/// What a step answers; a failure becomes the error body.
using Step = std::function<Result<Response>(Sessions&, const Asked&)>;

Result<Response> no_content(const Result<void>& done) {
    if (!done) return done.error();
    return Response::empty(204);
}

template<class Message>
Result<Response> content(const Result<Message>& answer, unsigned status = 200) {
    if (!answer) return answer.error();
    return Response::of(status, answer->to_json());
}

Result<Response> stored(Sessions& sessions, const Asked& asked) {
    const auto object = parse_object(asked.body, "the request");
    if (!object) return object.error();
    Fields fields(*object, "certification");
    if (!fields.boolean_or("stored", false)) fields.refuse("`stored` must be true");
    if (!fields.ok()) return fields.error();
    return no_content(sessions.stored(asked.device, asked.session));
}

Result<Response> transferred(Sessions& sessions, const Asked& asked) {
    const auto report = messages::TransferReport::parse(asked.body);
    if (!report) return report.error();
    if (auto done = sessions.transferred(asked.device, asked.session, *report); !done) return done.error();
    return Response::of(200, json::object{{"request", "invalidate"}});
}

Result<Response> invalidated(Sessions& sessions, const Asked& asked) {
    return no_content(sessions.invalidated(asked.device, asked.session));
}

Result<Response> progress(Sessions& sessions, const Asked& asked) {
    const auto progress = messages::Progress::parse(asked.body);
    if (!progress) return progress.error();
    return no_content(sessions.progress(asked.device, asked.session, *progress));
}

Result<Response> start(Sessions& sessions, const Asked& asked) {
    const auto start = messages::StartNotification::parse(asked.body);
    if (!start) return start.error();
    return content(sessions.start(asked.device, asked.session, *start));
}

Result<Response> version(Sessions& sessions, const Asked& asked) {
    const auto report = messages::VersionReport::parse(asked.body);
    if (!report) return report.error();
    return content(sessions.version(asked.device, asked.session, *report));
}

Result<Response> failed(Sessions& sessions, const Asked& asked) {
    const auto report = messages::FailureReport::parse(asked.body);
    if (!report) return report.error();
    return no_content(sessions.failed(asked.device, asked.session, *report));
}

Result<Response> status(Sessions& sessions, const Asked& asked) {
    return content(sessions.status(asked.device, asked.session));
}

class DeviceApi {
  public:
    DeviceApi(host::Host& host, Sessions& sessions, UpdateRequests& update_requests)
      : host_(host)
      , sessions_(sessions)
      , update_requests_(update_requests) {}

    /// Who asks is settled before a byte of the body is read. `step` is the route's own and outlives it.
    awaitable<Response> take(const Step& step, Request& request) const {
        Asked asked;
        auto failure = co_await read(asked, request);
        if (failure) co_return Response::of(*failure, request.id);
        const auto answer = step(sessions_, asked);
        if (!answer) co_return Response::of(answer.error(), request.id);
        co_return *answer;
    }

    awaitable<Response> open(Request& request) const {
        Asked asked;
        auto failure = co_await read(asked, request);
        if (failure) co_return Response::of(*failure, request.id);
        auto parsed = messages::OpenRequest::parse(asked.body);
        wipe(asked.body);
        if (!parsed) co_return Response::of(parsed.error(), request.id);
        ClientAddresses reached{request.client, request.local};
        auto reply = co_await sessions_.open(std::move(asked.device), std::move(*parsed), std::move(reached));
        if (!reply) co_return Response::of(reply.error(), request.id);
        auto response = Response::of(201, reply->to_json());
        response.headers["Location"] = messages::session_path(reply->session); // RFC 9110, section 15.3.2
        if (reply->certification) wipe(*reply->certification);
        co_return response;
    }

    /// The fallback: a part of the bulk over the first path.
    awaitable<Response> file(Request& request) const {
        Asked asked;
        auto failure = co_await read(asked, request);
        if (failure) co_return Response::of(*failure, request.id);
        const auto& name = request.parameters.at("file");
        auto payload = sessions_.fall_back(asked.device, asked.session, name);
        if (!payload) co_return Response::of(payload.error(), request.id);
        auto body = FileBody::of(std::move(payload->file), payload->size);
        auto answer =
            answer_with_file(request, std::move(body), "application/octet-stream", "\"" + name + "\"");
        if (answer.file && answer.file->size > max_part)
            co_return Response::of(
                fail(Errc::too_large, "the bulk over HTTPS goes in parts: ask with `Range` "
                                      "for at most " +
                                          std::to_string(max_part) + " bytes"),
                request.id);
        if (answer.file && request.method == "GET") sessions_.fell_back(asked.session, answer.file->size);
        co_return answer;
    }

    awaitable<Response> request_update(Request& request) const {
        Asked asked;
        auto failure = co_await read(asked, request);
        if (failure) co_return Response::of(*failure, request.id);
        auto parsed = messages::UpdateRequest::parse(asked.body);
        if (!parsed) co_return Response::of(parsed.error(), request.id);
        const auto ordered = co_await update_requests_.order(asked.device, std::move(*parsed));
        if (ordered) {
            if (ordered->created) name_for_audit(request, asked.device, *ordered);
            co_return Response::of(202,
                                   messages::UpdateReply{ordered->deployment, ordered->release}.to_json());
        }
        auto refusal = Response::of(ordered.error(), request.id);
        if (ordered.error().code == Errc::busy)
            refusal.headers["Retry-After"] = std::to_string(update_requests_.wait_of(asked.device));
        co_return refusal;
    }

  private:
    /// Only an order that made a deployment, which is rationed: a device may ask as often as it likes, and
    /// would push the operators' lines out of the trail.
    static void name_for_audit(Request& request, const std::string& device, const host::OrderedUpdate& made) {
        request.caller = "device " + device;
        request.about = "release " + made.release + ", deployment " + made.deployment;
    }

    awaitable<std::optional<Error>> read(Asked& asked, Request& request) const {
        std::string bearer(request.bearer());
        if (bearer.empty()) co_return fail(Errc::unauthorized, "no bearer token");
        auto device = co_await host_.device_of(std::move(bearer), request.client);
        if (!device) co_return device.error();
        auto body = co_await request.body->all(messages::max_body);
        if (!body) co_return body.error();
        asked.device = std::move(*device);
        asked.body = std::move(*body);
        if (const auto found = request.parameters.find("session"); found != request.parameters.end())
            asked.session = found->second;
        co_return std::nullopt;
    }

    host::Host& host_;
    Sessions& sessions_;
    UpdateRequests& update_requests_;
};

} // namespace

void add_device_api(Router& router, host::Host& host, Sessions& sessions, UpdateRequests& update_requests) {
    const auto api = std::make_shared<const DeviceApi>(host, sessions, update_requests);
    const auto add = [&](const char* method, std::string path, Step step) {
        router.add(method, std::move(path),
                   [api, step = std::move(step)](Request& request) { return api->take(step, request); });
    };
    const std::string session = "{session}";
    router.add("POST", messages::sessions_path(), [api](Request& request) { return api->open(request); });
    add("GET", messages::session_path(session), status);
    add("PUT", messages::session_path(session, "certification"), stored);
    add("DELETE", messages::session_path(session, "certification"), invalidated);
    add("PUT", messages::session_path(session, "transfer"), transferred);
    add("PUT", messages::session_path(session, "progress"), progress);
    add("POST", messages::session_path(session, "start"), start);
    add("PUT", messages::session_path(session, "version"), version);
    add("PUT", messages::session_path(session, "failure"), failed);
    router.add("GET", messages::session_path(session, "files/{file}"),
               [api](Request& request) { return api->file(request); });
    router.add("POST", messages::update_requests_path(),
               [api](Request& request) { return api->request_update(request); });
}

} // namespace two_path::control
