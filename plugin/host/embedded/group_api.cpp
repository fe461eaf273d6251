// Devices in groups (Mender's management API, `inventory`).
#include "plugin/host/embedded/endpoint.hpp"
#include "plugin/host/embedded/inventory.hpp"

namespace two_path::host::embedded {
namespace {

Error no_such_device() {
    return fail(Errc::not_found, "no such device");
}

Result<void> check_group(std::string_view name) {
    if (is_group_name(name)) return {};
    return fail(Errc::bad_request, "a group's name has 1 to 128 letters, digits, `_` and `-`");
}

Result<std::vector<std::string>> ids_of(const Call& call) {
    const auto body = call.any();
    if (!body) return body.error();
    const auto wrong = fail(Errc::bad_request, "the body must be a list of device ids");
    if (!body->is_array()) return wrong;
    std::vector<std::string> ids;
    for (const auto& id : body->get_array()) {
        if (!id.is_string()) return wrong;
        ids.emplace_back(id.get_string());
    }
    return ids;
}

/// Moves those of the body's devices that `moves` picks, into `group` or out of any.
template<class Predicate>
Result<control::Response> move_devices(Parts& parts, const Call& call, const std::string& group,
                                       Predicate moves) {
    const auto ids = ids_of(call);
    if (!ids) return ids.error();
    std::int64_t matched = 0;
    state::Transaction transaction(parts.database);
    for (const auto& id : *ids) {
        const auto device = find_device(parts.database, id);
        if (!device || !moves(*device)) continue;
        ++matched;
        set_group(parts.database, id, group, parts.now());
    }
    transaction.commit();
    return control::Response::of(200, json::object{{"matched_count", matched}, {"updated_count", matched}});
}

Result<control::Response> list_groups(Parts& parts, const Call&) {
    const auto names = group_names(parts.database);
    return control::Response::of(200, json::array(names.begin(), names.end()));
}

Result<control::Response> list_members(Parts& parts, const Call& call) {
    const auto page = page_of(call.request);
    if (!page) return page.error();
    const DeviceFilter filter{{}, {}, call.parameter("group")};
    const auto total = count_devices(parts.database, filter);
    if (total == 0) return fail(Errc::not_found, "no device is in this group");
    json::array ids;
    for (const auto& device : list_devices(parts.database, filter, *page))
        ids.emplace_back(device.id);
    return list_answer(call, *page, std::move(ids), total);
}

Result<control::Response> add_members(Parts& parts, const Call& call) {
    const auto& group = call.parameter("group");
    if (const auto checked = check_group(group); !checked) return checked.error();
    return move_devices(parts, call, group, [](const Device&) { return true; });
}

Result<control::Response> remove_members(Parts& parts, const Call& call) {
    const auto& group = call.parameter("group");
    return move_devices(parts, call, "", [&group](const Device& device) { return device.group == group; });
}

Result<control::Response> show_group(Parts& parts, const Call& call) {
    const auto device = find_device(parts.database, call.parameter("device"));
    if (!device) return no_such_device();
    return control::Response::of(
        200, json::object{{"group", device->group ? json::value(*device->group) : json::value()}});
}

Result<control::Response> put_into_group(Parts& parts, const Call& call) {
    const auto body = call.object();
    if (!body) return body.error();
    Fields fields(*body, "the body");
    const auto group = fields.text("group");
    if (!fields.ok()) return fields.error();
    if (const auto checked = check_group(group); !checked) return checked.error();
    if (!set_group(parts.database, call.parameter("device"), group, parts.now())) return no_such_device();
    return control::Response::empty(204);
}

Result<control::Response> take_out_of_group(Parts& parts, const Call& call) {
    const auto device = find_device(parts.database, call.parameter("device"));
    if (!device || device->group != call.parameter("group"))
        return fail(Errc::not_found, "no such device in this group");
    set_group(parts.database, device->id, "", parts.now());
    return control::Response::empty(204);
}

} // namespace

void add_group_api(control::Router& router, Parts& parts) {
    const std::string inventory = "/api/management/v1/inventory";
    const std::string members = inventory + "/groups/{group}/devices";
    const std::string group_of_device = inventory + "/devices/{device}/group";
    add_route(router, parts, Caller::user, "GET", inventory + "/groups", list_groups);
    add_route(router, parts, Caller::user, "GET", members, list_members);
    add_route(router, parts, Caller::user, "PATCH", members, add_members);
    add_route(router, parts, Caller::user, "DELETE", members, remove_members);
    add_route(router, parts, Caller::user, "GET", group_of_device, show_group);
    add_route(router, parts, Caller::user, "PUT", group_of_device, put_into_group);
    add_route(router, parts, Caller::user, "DELETE", group_of_device + "/{group}", take_out_of_group);
}

} // namespace two_path::host::embedded
