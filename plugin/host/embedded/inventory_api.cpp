// What devices say of themselves (Mender's device and management API, `inventory`).
#include "plugin/host/embedded/endpoint.hpp"
#include "plugin/host/embedded/inventory.hpp"
#include "plugin/host/embedded/timestamp.hpp"

namespace two_path::host::embedded {
namespace {

Result<control::Response> store(Parts& parts, const Call& call, bool whole) {
    const auto body = call.any();
    if (!body) return body.error();
    const auto attributes = parse_attributes(*body);
    if (!attributes) return attributes.error();
    const auto stored = store_attributes(parts.database, call.caller, *attributes, whole, parts.now());
    if (!stored) return stored.error();
    return control::Response::empty(200); // the clients take 204 for a failure
}

Result<control::Response> replace(Parts& parts, const Call& call) {
    return store(parts, call, true);
}

Result<control::Response> merge(Parts& parts, const Call& call) {
    return store(parts, call, false);
}

json::object attribute(std::string_view scope, std::string_view name, json::value value) {
    return {{"name", name}, {"value", std::move(value)}, {"scope", scope}};
}

json::object describe(Parts& parts, const Device& device) {
    json::array attributes;
    for (const auto& [name, value] : device.identity)
        attributes.push_back(attribute("identity", name, value));
    attributes.push_back(attribute("identity", "status", json::value(device.status())));
    attributes.push_back(attribute("system", "created_ts", json::value(rfc3339(device.created))));
    attributes.push_back(attribute("system", "updated_ts", json::value(rfc3339(device.updated))));
    if (device.group) attributes.push_back(attribute("system", "group", json::value(*device.group)));
    for (auto& said : attributes_of(parts.database, device.id)) {
        auto shown = attribute("inventory", said.name, std::move(said.value));
        shown["timestamp"] = rfc3339(said.updated);
        attributes.push_back(std::move(shown));
    }
    return {
        {"id", device.id}, {"attributes", std::move(attributes)}, {"updated_ts", rfc3339(device.updated)}};
}

Result<control::Response> list(Parts& parts, const Call& call) {
    const auto page = page_of(call.request);
    if (!page) return page.error();
    const DeviceFilter filter{"", {}, call.request.query_value("group")};
    json::array devices;
    for (const auto& device : list_devices(parts.database, filter, *page))
        devices.push_back(describe(parts, device));
    return list_answer(std::move(devices), count_devices(parts.database, filter));
}

Result<control::Response> show(Parts& parts, const Call& call) {
    const auto device = find_device(parts.database, call.parameter("device"));
    if (!device) return fail(Errc::not_found, "no such device");
    return control::Response::of(200, describe(parts, *device));
}

} // namespace

void add_inventory_api(control::Router& router, Parts& parts) {
    const std::string own = "/api/devices/v1/inventory/device/attributes";
    const std::string devices = "/api/management/v1/inventory/devices";
    add_route(router, parts, Caller::device, "PUT", own, replace);
    add_route(router, parts, Caller::device, "PATCH", own, merge);
    add_route(router, parts, Caller::user, "GET", devices, list);
    add_route(router, parts, Caller::user, "GET", devices + "/{device}", show);
}

} // namespace two_path::host::embedded
