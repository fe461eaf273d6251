// Operators let devices in, and remove them (Mender's management API, `devauth`).
#include "plugin/host/embedded/devices.hpp"
#include "plugin/host/embedded/endpoint.hpp"
#include "plugin/host/embedded/timestamp.hpp"

#include <algorithm>

namespace two_path::host::embedded {
namespace {

constexpr std::array<std::string_view, 3> statuses{"pending", "accepted", "rejected"};

bool is_status(std::string_view text) {
    return std::find(statuses.begin(), statuses.end(), text) != statuses.end();
}

json::object describe(const Device& device) {
    json::array sets;
    for (const auto& set : device.auth_sets)
        sets.push_back(json::object{{"id", set.id},
                                    {"pubkey", set.public_key},
                                    {"identity_data", device.identity},
                                    {"status", set.status},
                                    {"ts", rfc3339(set.created)}});
    return {{"id", device.id},
            {"identity_data", device.identity},
            {"status", device.status()},
            {"created_ts", rfc3339(device.created)},
            {"updated_ts", rfc3339(device.updated)},
            {"check_in_time", rfc3339(device.checked_in)},
            {"auth_sets", std::move(sets)},
            {"decommissioning", false}};
}

Result<DeviceFilter> filter_of(const control::Request& request) {
    DeviceFilter filter;
    filter.status = request.query_value("status");
    // Mender's fourth status, which this host never gives.
    if (!filter.status.empty() && !is_status(filter.status) && filter.status != "preauthorized")
        return fail(Errc::bad_request, "`status` must be pending, accepted, rejected or preauthorized");
    const auto [first, last] = request.query.equal_range("id");
    std::for_each(first, last, [&filter](const auto& pair) { filter.ids.push_back(pair.second); });
    return filter;
}

Result<control::Response> list(Parts& parts, const Call& call) {
    const auto page = page_of(call.request);
    if (!page) return page.error();
    const auto filter = filter_of(call.request);
    if (!filter) return filter.error();
    json::array devices;
    for (const auto& device : list_devices(parts.database, *filter, *page))
        devices.push_back(describe(device));
    return list_answer(std::move(devices), count_devices(parts.database, *filter));
}

Result<control::Response> count(Parts& parts, const Call& call) {
    const auto filter = filter_of(call.request);
    if (!filter) return filter.error();
    return control::Response::of(200, json::object{{"count", count_devices(parts.database, *filter)}});
}

Result<control::Response> show(Parts& parts, const Call& call) {
    const auto device = find_device(parts.database, call.parameter("device"));
    if (!device) return fail(Errc::not_found, "no such device");
    return control::Response::of(200, describe(*device));
}

Result<control::Response> change_status(Parts& parts, const Call& call) {
    const auto body = call.object();
    if (!body) return body.error();
    Fields fields(*body, "the body");
    const auto status = fields.text("status");
    if (!is_status(status)) fields.refuse("`status` must be accepted, rejected or pending");
    if (!fields.ok()) return fields.error();
    const auto changed =
        set_status(parts.database, call.parameter("device"), call.parameter("auth_set"), status, parts.now());
    if (!changed) return changed.error();
    return control::Response::empty(204);
}

Result<control::Response> show_status(Parts& parts, const Call& call) {
    const auto device = find_device(parts.database, call.parameter("device"));
    if (!device) return fail(Errc::not_found, "no such device");
    const auto set = std::find_if(device->auth_sets.begin(), device->auth_sets.end(),
                                  [&](const AuthSet& one) { return one.id == call.parameter("auth_set"); });
    if (set == device->auth_sets.end()) return fail(Errc::not_found, "no such authentication set");
    return control::Response::of(200, json::object{{"status", set->status}});
}

Result<control::Response> remove(Parts& parts, const Call& call) {
    const auto removed = decommission(parts.database, call.parameter("device"), parts.now());
    if (!removed) return removed.error();
    return control::Response::empty(204);
}

} // namespace

void add_admission_api(control::Router& router, Parts& parts) {
    const std::string devices = "/api/management/v2/devauth/devices";
    const std::string status = devices + "/{device}/auth/{auth_set}/status";
    add_route(router, parts, Caller::user, "GET", devices, list);
    add_route(router, parts, Caller::user, "GET", devices + "/count", count);
    add_route(router, parts, Caller::user, "GET", devices + "/{device}", show);
    add_route(router, parts, Caller::user, "DELETE", devices + "/{device}", remove);
    add_route(router, parts, Caller::user, "GET", status, show_status);
    add_route(router, parts, Caller::user, "PUT", status, change_status);
}

} // namespace two_path::host::embedded
