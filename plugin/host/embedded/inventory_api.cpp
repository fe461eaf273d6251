// What devices say of themselves (Mender's device and management API, `inventory`).
#include "plugin/host/embedded/device_values.hpp"
#include "plugin/host/embedded/endpoint.hpp"
#include "plugin/host/embedded/inventory.hpp"

namespace two_path::host::embedded {
namespace {

Result<control::Response> change_inventory(Parts& parts, const Call& call, bool whole) {
    const auto body = call.any();
    if (!body) return body.error();
    const auto attributes = parse_attributes(*body);
    if (!attributes) return attributes.error();
    const auto stored = store_attributes(parts.database, call.caller, *attributes, whole, parts.now());
    if (!stored) return stored.error();
    return control::Response::empty(200); // the clients take 204 for a failure
}

Result<control::Response> replace_inventory(Parts& parts, const Call& call) {
    return change_inventory(parts, call, true);
}

Result<control::Response> merge_inventory(Parts& parts, const Call& call) {
    return change_inventory(parts, call, false);
}

Result<control::Response> show_inventories(Parts& parts, const Call& call) {
    const auto page = page_of(call.request);
    if (!page) return page.error();
    const DeviceFilter filter{{}, {}, call.request.query_value("group")};
    json::array devices;
    for (const auto& device : list_devices(parts.database, filter, *page))
        devices.push_back(describe(parts.database, device));
    return list_answer(call, *page, std::move(devices), count_devices(parts.database, filter));
}

Result<control::Response> show_inventory(Parts& parts, const Call& call) {
    const auto device = find_device(parts.database, call.parameter("device"));
    if (!device) return fail(Errc::not_found, "no such device");
    auto response = control::Response::of(200, describe(parts.database, *device));
    response.headers["ETag"] = tags_entity_tag(parts.database, device->id);
    return response;
}

} // namespace

void add_inventory_api(control::Router& router, Parts& parts) {
    const std::string own = "/api/devices/v1/inventory/device/attributes";
    const std::string devices = "/api/management/v1/inventory/devices";
    add_route(router, parts, Caller::device, "PUT", own, replace_inventory);
    add_route(router, parts, Caller::device, "PATCH", own, merge_inventory);
    add_route(router, parts, Caller::user, "GET", devices, show_inventories);
    add_route(router, parts, Caller::user, "GET", devices + "/{device}", show_inventory);
}

} // namespace two_path::host::embedded
