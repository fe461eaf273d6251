// Operators let devices in, and remove them (Mender's management API, `devauth`).
#include "plugin/host/embedded/devices.hpp"
#include "plugin/host/embedded/endpoint.hpp"
#include "plugin/host/embedded/timestamp.hpp"

#include <algorithm>

namespace two_path::host::embedded {
namespace {

constexpr std::array<std::string_view, 3> admission_statuses{"pending", "accepted", "rejected"};

bool is_status(std::string_view text) {
    return std::find(admission_statuses.begin(), admission_statuses.end(), text) != admission_statuses.end();
}

/// Two of Mender's that this host never gives count as well.
Result<void> check_statuses(const std::vector<std::string>& asked) {
    for (const auto& status : asked)
        if (!is_status(status) && status != "preauthorized" && status != "noauth")
            return fail(Errc::bad_request,
                        "`status` must be pending, accepted, rejected, preauthorized or noauth");
    return {};
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

Result<DeviceFilter> device_filter(const control::Request& request) {
    DeviceFilter filter;
    if (auto status = request.query_value("status"); !status.empty())
        filter.statuses.push_back(std::move(status));
    if (const auto fine = check_statuses(filter.statuses); !fine) return fine.error();
    const auto [first, last] = request.query.equal_range("id");
    std::for_each(first, last, [&filter](const auto& pair) { filter.ids.push_back(pair.second); });
    return filter;
}

/// One text, or a list of texts.
std::vector<std::string> one_or_more(const json::object& body, std::string_view name, Fields& fields) {
    const auto* value = body.if_contains(name);
    if (value != nullptr && value->is_string()) return {std::string(value->get_string())};
    return fields.texts_or_none(name);
}

Result<DeviceFilter> device_filter(const json::object& body) {
    Fields fields(body, "the search");
    DeviceFilter filter{one_or_more(body, "status", fields), one_or_more(body, "id", fields), ""};
    if (!fields.ok()) return fields.error();
    if (const auto fine = check_statuses(filter.statuses); !fine) return fine.error();
    return filter;
}

Result<control::Response> list_matching(Parts& parts, const Call& call, const Result<DeviceFilter>& filter) {
    if (!filter) return filter.error();
    const auto page = page_of(call.request);
    if (!page) return page.error();
    json::array devices;
    for (const auto& device : list_devices(parts.database, *filter, *page))
        devices.push_back(describe(device));
    return list_answer(call, *page, std::move(devices), count_devices(parts.database, *filter));
}

Result<control::Response> show_admissions(Parts& parts, const Call& call) {
    return list_matching(parts, call, device_filter(call.request));
}

Result<control::Response> search_admissions(Parts& parts, const Call& call) {
    const auto body = call.object();
    if (!body) return body.error();
    return list_matching(parts, call, device_filter(*body));
}

Result<control::Response> count_admissions(Parts& parts, const Call& call) {
    const auto filter = device_filter(call.request);
    if (!filter) return filter.error();
    return control::Response::of(200, json::object{{"count", count_devices(parts.database, *filter)}});
}

Result<control::Response> show_admission(Parts& parts, const Call& call) {
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
    call.request.about = status;
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

Result<control::Response> forget_key(Parts& parts, const Call& call) {
    const auto removed =
        remove_auth_set(parts.database, call.parameter("device"), call.parameter("auth_set"), parts.now());
    if (!removed) return removed.error();
    return control::Response::empty(204);
}

Result<control::Response> revoke_device_token(Parts& parts, const Call& call) {
    if (!revoke_token(parts.database, call.parameter("token")))
        return fail(Errc::not_found, "no device holds this token");
    return control::Response::empty(204);
}

/// None, by which Mender means 0.
Result<control::Response> show_limit(Parts&, const Call&) {
    return control::Response::of(200, json::object{{"limit", 0}});
}

Result<control::Response> decommission_device(Parts& parts, const Call& call) {
    const auto removed = decommission(parts.database, call.parameter("device"), parts.now());
    if (!removed) return removed.error();
    return control::Response::empty(204);
}

} // namespace

void add_admission_api(control::Router& router, Parts& parts) {
    const std::string devices = "/api/management/v2/devauth/devices";
    const std::string auth_set = devices + "/{device}/auth/{auth_set}";
    const std::string status = auth_set + "/status";
    add_route(router, parts, Caller::user, "GET", devices, show_admissions);
    add_route(router, parts, Caller::user, "GET", devices + "/count", count_admissions);
    add_route(router, parts, Caller::user, "POST", devices + "/search", search_admissions);
    add_route(router, parts, Caller::user, "GET", devices + "/{device}", show_admission);
    add_route(router, parts, Caller::user, "DELETE", devices + "/{device}", decommission_device);
    add_route(router, parts, Caller::user, "DELETE", auth_set, forget_key);
    add_route(router, parts, Caller::user, "GET", status, show_status);
    add_route(router, parts, Caller::user, "PUT", status, change_status);
    add_route(router, parts, Caller::user, "DELETE", "/api/management/v2/devauth/tokens/{token}",
              revoke_device_token);
    add_route(router, parts, Caller::user, "GET", "/api/management/v2/devauth/limits/max_devices",
              show_limit);
}

} // namespace two_path::host::embedded
