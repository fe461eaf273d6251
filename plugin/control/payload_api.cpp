#include "plugin/control/payload_api.hpp"

#include "plugin/control/receive_file.hpp"
#include "plugin/control/retention.hpp"

#include <optional>

namespace two_path::control {
namespace {

awaitable<Result<catalog::Payload>> receive(const OperatorContext& context, RequestBody& body,
                                            std::string expected) {
    const auto files = context.executors.files;
    auto incoming = context.payloads.receive();
    if (!incoming) co_return incoming.error();
    std::optional<Retention::Intake> intake;
    if (context.retention != nullptr) intake.emplace(*context.retention, expected);
    const Admit admit = [&intake](std::uint64_t more) {
        return intake ? intake->take(more) : Result<void>();
    };
    const auto received = co_await receive_file(body, *incoming, files, admit);
    if (!received) co_return received.error();
    co_return co_await finish_file(*incoming, std::move(expected), files);
}

json::object payload_view(const catalog::Payload& payload) {
    return {{"id", payload.id}, {"size", payload.size}};
}

} // namespace

awaitable<Response> receive_payload(const OperatorContext& context, Request& request) {
    auto expected = request.query_value("sha256");
    if (!expected.empty() && !is_sha256_hex(expected)) {
        const auto wrong = fail(Errc::bad_request, "`sha256` must be 64 lower-case hex digits");
        co_return Response::of(wrong, request.id);
    }
    const auto payload = co_await receive(context, *request.body, std::move(expected));
    if (!payload) co_return Response::of(payload.error(), request.id);
    request.about = "payload " + payload->id;
    co_return Response::of(201, payload_view(*payload));
}

awaitable<Response> list_payloads(const OperatorContext& context, Request& request) {
    const auto all = context.payloads.list();
    if (!all) co_return Response::of(all.error(), request.id);
    json::array list;
    for (const auto& payload : *all) {
        auto shown = payload_view(payload);
        const auto releases = context.store.releases_with(payload.id);
        shown["releases"] = json::array(releases.begin(), releases.end());
        list.push_back(std::move(shown));
    }
    co_return Response::of(200, list);
}

awaitable<Response> remove_payload(const OperatorContext& context, Request& request) {
    const auto id = request.parameters["payload"];
    if (const auto releases = context.store.releases_with(id); !releases.empty()) {
        const auto used = fail(Errc::conflict, "release " + releases.front() + " has this payload");
        co_return Response::of(used, request.id);
    }
    const auto removed = context.payloads.remove(id);
    if (!removed) co_return Response::of(removed.error(), request.id);
    co_return Response::empty(204);
}

} // namespace two_path::control
