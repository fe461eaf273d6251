#include "plugin/control/release_api.hpp"

#include "plugin/control/freeing.hpp"
#include "plugin/control/session_view.hpp"

#include <boost/json/parse.hpp>

namespace two_path::control {
namespace {

Result<void> check_payloads(const Descriptor& descriptor, const catalog::Payloads& payloads) {
    for (const auto& file : descriptor.files) {
        if (file.empty()) continue;
        const auto size = payloads.size_of(file.id);
        if (!size) return fail(Errc::payload_missing, file.name + ": " + file.id + "; send it first");
        if (*size != file.wire_size)
            return fail(Errc::bad_descriptor, file.name + " has " + std::to_string(*size) +
                                                  " bytes in the catalog, " + std::to_string(file.wire_size) +
                                                  " in the descriptor");
    }
    return {};
}

json::object whole_view(const state::Release& release) {
    auto shown = view(release);
    shown["descriptor"] = json::parse(release.text);
    return shown;
}

} // namespace

Result<Registered> register_release(state::Store& store, const catalog::Payloads& payloads,
                                    std::string text) {
    auto descriptor = parse_descriptor(text);
    if (!descriptor) return descriptor.error();
    auto known = store.release(descriptor->release);
    if (known && to_json(known->descriptor) != to_json(*descriptor))
        return fail(Errc::conflict, "another release is called " + descriptor->release);
    if (auto held = check_payloads(*descriptor, payloads); !held) return held.error();
    if (known && !known->gone) return Registered{std::move(*known), false};
    // Published again while it waited to be freed: its artifact is on its way, as that of a new one.
    if (known) store.remove_release(descriptor->release);
    state::Release release{std::move(*descriptor), std::move(text), store.clock().unix_time()};
    store.add_release(release);
    return Registered{std::move(release), true};
}

awaitable<Response> add_release(const OperatorContext& context, Request& request) {
    auto body = co_await request.body->all(Descriptor::max_text);
    if (!body) co_return Response::of(body.error(), request.id);
    const auto added = register_release(context.store, context.payloads, std::move(*body));
    if (!added) co_return Response::of(added.error(), request.id);
    request.about = "release " + added->release.descriptor.release;
    co_return Response::of(added->is_new ? 201 : 200, whole_view(added->release));
}

awaitable<Response> list_releases(const OperatorContext& context, Request&) {
    json::array list;
    for (const auto& release : context.store.releases())
        list.push_back(view(release));
    co_return Response::of(200, list);
}

awaitable<Response> show_release(const OperatorContext& context, Request& request) {
    const auto release = context.store.release(request.parameters["release"]);
    if (!release) {
        const auto unknown = fail(Errc::not_found, "no release has this name");
        co_return Response::of(unknown, request.id);
    }
    co_return Response::of(200, whole_view(*release));
}

awaitable<Response> record_artifact(const OperatorContext& context, Request& request) {
    const auto body = co_await request.body->all(Descriptor::max_text);
    if (!body) co_return Response::of(body.error(), request.id);
    const auto object = parse_object(*body, "the request");
    if (!object) co_return Response::of(object.error(), request.id);
    Fields fields(*object, "artifact");
    const auto artifact = fields.text("id");
    if (fields.ok() && !is_name(artifact)) fields.refuse("`id` must have 1 to 255 bytes");
    if (!fields.ok()) co_return Response::of(fields.error(), request.id);
    if (context.store.found_artifact(request.parameters["release"], artifact)) co_return Response::empty(204);
    const auto unknown = fail(Errc::not_found, "no release has this name");
    co_return Response::of(unknown, request.id);
}

awaitable<Response> show_unsigned_artifact(const OperatorContext& context, Request& request) {
    auto artifact = context.store.unsigned_artifact(request.parameters["release"]);
    if (!artifact) {
        const auto none = fail(Errc::not_found, "no artifact of this release waits for its signature");
        co_return Response::of(none, request.id);
    }
    auto response = Response::empty(200);
    response.headers["Content-Type"] = "application/octet-stream";
    response.body = std::move(*artifact);
    co_return response;
}

awaitable<Response> remove_release(const OperatorContext& context, Request& request) {
    const auto name = request.parameters["release"];
    if (auto use = use_of(context.store, name)) {
        const auto used = fail(Errc::conflict, std::move(*use));
        co_return Response::of(used, request.id);
    }
    if (context.store.remove_release(name)) co_return Response::empty(204);
    const auto unknown = fail(Errc::not_found, "no release has this name");
    co_return Response::of(unknown, request.id);
}

} // namespace two_path::control
