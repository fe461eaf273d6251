// What operators say of devices (Mender's management API, `inventory`).
#include "plugin/host/embedded/device_values.hpp"
#include "plugin/host/embedded/endpoint.hpp"

namespace two_path::host::embedded {
namespace {

Result<control::Response> change_tags(Parts& parts, const Call& call, bool whole) {
    const auto body = call.any();
    if (!body) return body.error();
    const auto tags = parse_tags(*body);
    if (!tags) return tags.error();
    const auto& device = call.parameter("device");
    state::Transaction transaction(parts.database);
    if (!find_device(parts.database, device)) return fail(Errc::not_found, "no such device");
    if (!matches(call, tags_entity_tag(parts.database, device)))
        return refusal(fail(Errc::conflict, "somebody else changed the tags; read them again"),
                       precondition_failed, call);
    if (const auto stored = store_tags(parts.database, device, *tags, whole, parts.now()); !stored)
        return refusal(stored.error(), 400, call);
    transaction.commit();
    auto response = control::Response::empty(200);
    response.headers["ETag"] = tags_entity_tag(parts.database, device);
    return response;
}

Result<control::Response> replace_tags(Parts& parts, const Call& call) {
    return change_tags(parts, call, true);
}

Result<control::Response> merge_tags(Parts& parts, const Call& call) {
    return change_tags(parts, call, false);
}

} // namespace

void add_tag_api(control::Router& router, Parts& parts) {
    const std::string tags = "/api/management/v1/inventory/devices/{device}/tags";
    add_route(router, parts, Caller::user, "PUT", tags, replace_tags);
    add_route(router, parts, Caller::user, "PATCH", tags, merge_tags);
}

} // namespace two_path::host::embedded
