// Operators deploy, watch and abort (Mender's management API, `deployments`).
#include "plugin/host/embedded/artifacts.hpp"
#include "plugin/host/embedded/deployments.hpp"
#include "plugin/host/embedded/device_deployments.hpp"
#include "plugin/host/embedded/endpoint.hpp"
#include "plugin/host/embedded/inventory.hpp"
#include "plugin/host/embedded/timestamp.hpp"

#include <algorithm>
#include <charconv>

namespace two_path::host::embedded {
namespace {

constexpr std::size_t max_deployment_name = 256;
constexpr std::size_t max_search = 256;
constexpr std::size_t max_statistics = 100; // as Mender's
constexpr std::string_view deployments_path = "/api/management/v1/deployments/deployments";

Error no_such_deployment() {
    return fail(Errc::not_found, "no such deployment");
}

json::object all_counters(const Deployment& deployment) {
    json::object counters;
    for (const auto status : all_device_statuses) {
        const auto found = deployment.statistics.find(status);
        counters[name_of(status)] = found == deployment.statistics.end() ? 0 : found->second;
    }
    return counters;
}

json::object describe(Parts& parts, const Deployment& deployment) {
    json::array artifacts;
    std::uint64_t total_size = 0;
    for (const auto& artifact : artifacts_called(parts.database, deployment.artifact_name)) {
        artifacts.emplace_back(artifact.id);
        total_size = std::max(total_size, artifact.size);
    }
    json::object shown{
        {"id", deployment.id},
        {"name", deployment.name},
        {"artifact_name", deployment.artifact_name},
        {"created", rfc3339(deployment.created)},
        {"status", deployment.status()},
        {"device_count", deployment.device_count()},
        {"max_devices", deployment.device_count()},
        {"artifacts", std::move(artifacts)},
        {"type", "software"},
        {"force_installation", deployment.forced},
        {"statistics", json::object{{"status", all_counters(deployment)}, {"total_size", total_size}}}};
    if (deployment.group) shown["groups"] = json::array{*deployment.group};
    if (deployment.finished) shown["finished"] = rfc3339(*deployment.finished);
    return shown;
}

json::object describe(Parts& parts, const DevicePart& part) {
    json::object shown{{"id", part.device},
                       {"status", name_of(part.status)},
                       {"created", rfc3339(part.created)},
                       {"log", part.has_log}};
    if (part.started) shown["started"] = rfc3339(*part.started);
    if (part.finished) shown["finished"] = rfc3339(*part.finished);
    if (!part.substate.empty()) shown["substate"] = part.substate;
    if (const auto image = part.artifact ? find_artifact(parts.database, *part.artifact) : std::nullopt)
        shown["image"] = image->document;
    return shown;
}

/// What both ways to order have in common; `devices` is the caller's to fill.
Result<NewDeployment> parse_order(const json::object& body) {
    Fields fields(body, "the deployment");
    NewDeployment asked;
    asked.name = fields.text("name");
    asked.artifact_name = fields.text("artifact_name");
    asked.forced = fields.boolean_or("force_installation", false);
    for (const auto& name : {asked.name, asked.artifact_name}) {
        if (name.empty() || name.size() > max_deployment_name)
            fields.refuse("`name` and `artifact_name` must have 1 to " + std::to_string(max_deployment_name) +
                          " bytes");
    }
    if (!fields.ok()) return fields.error();
    return asked;
}

Result<std::vector<std::string>> devices_of(Parts& parts, const json::object& body) {
    Fields fields(body, "the deployment");
    const auto all = fields.boolean_or("all_devices", false);
    auto devices = fields.texts_or_none("devices");
    if (all && !devices.empty()) fields.refuse("either `devices` or `all_devices`");
    if (!all && devices.empty()) fields.refuse("`devices` is empty, and `all_devices` is not true");
    if (!fields.ok()) return fields.error();
    if (all) return accepted_devices(parts.database, "");
    for (const auto& device : devices) {
        if (!find_device(parts.database, device))
            return fail(Errc::bad_request, "the deployment: `devices` has one that is not known");
    }
    return devices;
}

Result<control::Response> order(Parts& parts, const Call& call, const NewDeployment& asked) {
    call.request.about =
        "artifact " + asked.artifact_name + ", devices " + std::to_string(asked.devices.size());
    if (asked.devices.empty()) return fail(Errc::bad_request, "there is no accepted device to deploy to");
    if (artifacts_called(parts.database, asked.artifact_name).empty())
        return refusal(fail(Errc::not_found, "no artifact has this name"), unprocessable, call);
    const auto id = create_deployment(parts.database, asked, parts.now());
    if (!id) return id.error();
    auto response = control::Response::empty(201);
    response.headers["Location"] = std::string(deployments_path).append("/").append(*id);
    return response;
}

Result<control::Response> create_for_devices(Parts& parts, const Call& call) {
    const auto body = call.object();
    if (!body) return body.error();
    auto asked = parse_order(*body);
    if (!asked) return asked.error();
    auto devices = devices_of(parts, *body);
    if (!devices) return devices.error();
    asked->devices = std::move(*devices);
    return order(parts, call, *asked);
}

Result<control::Response> create_for_group(Parts& parts, const Call& call) {
    const auto body = call.object();
    if (!body) return body.error();
    auto asked = parse_order(*body);
    if (!asked) return asked.error();
    if (!is_group_name(call.parameter("group"))) return fail(Errc::bad_request, "no group has such a name");
    asked->group = call.parameter("group");
    asked->devices = accepted_devices(parts.database, *asked->group);
    return order(parts, call, *asked);
}

std::vector<std::string> all_of(const control::Request& request, const std::string& name) {
    std::vector<std::string> all;
    const auto [first, last] = request.query.equal_range(name);
    std::for_each(first, last, [&all](const auto& pair) { all.push_back(pair.second); });
    return all;
}

/// UNIX seconds of the query in milliseconds; none when it has none.
Result<std::optional<std::int64_t>> time_of(const control::Request& request, std::string_view name) {
    const auto text = request.query_value(name);
    if (text.empty()) return std::optional<std::int64_t>();
    std::uint32_t seconds = 0;
    const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), seconds);
    if (ec != std::errc() || end != text.data() + text.size())
        return fail(Errc::bad_request, "`" + std::string(name) + "` must be a time in UNIX seconds");
    return std::optional(std::int64_t{seconds} * 1000);
}

Result<DeploymentFilter> deployment_filter(const control::Request& request) {
    DeploymentFilter filter;
    filter.status = request.query_value("status");
    filter.search = request.query_value("search");
    filter.ids = all_of(request, "id");
    filter.names = all_of(request, "name");
    filter.oldest_first = request.query_value("sort") == "asc";
    if (!filter.status.empty() && filter.status != "pending" && filter.status != "inprogress" &&
        filter.status != "finished")
        return fail(Errc::bad_request, "`status` must be pending, inprogress or finished");
    if (filter.search.size() > max_search) return fail(Errc::bad_request, "`search` is too long");
    const auto after = time_of(request, "created_after");
    if (!after) return after.error();
    const auto before = time_of(request, "created_before");
    if (!before) return before.error();
    filter.created_after = *after;
    if (*before) filter.created_before = **before + 999; // to the end of that second
    return filter;
}

Result<control::Response> show_deployments(Parts& parts, const Call& call) {
    const auto page = page_of(call.request);
    if (!page) return page.error();
    const auto filter = deployment_filter(call.request);
    if (!filter) return filter.error();
    // This host has no deployments of configuration.
    if (call.request.query_value("type") == "configuration") return list_answer(call, *page, {}, 0);
    json::array shown;
    for (const auto& deployment : list_deployments(parts.database, *filter, *page))
        shown.push_back(describe(parts, deployment));
    return list_answer(call, *page, std::move(shown), count_deployments(parts.database, *filter));
}

Result<control::Response> show_deployment(Parts& parts, const Call& call) {
    const auto deployment = find_deployment(parts.database, call.parameter("deployment"));
    if (!deployment) return no_such_deployment();
    return control::Response::of(200, describe(parts, *deployment));
}

Result<control::Response> abort(Parts& parts, const Call& call) {
    const auto body = call.object();
    if (!body) return body.error();
    Fields fields(*body, "the body");
    if (fields.text("status") != "aborted") fields.refuse("`status` must be aborted");
    if (!fields.ok()) return fields.error();
    const auto aborted = abort_deployment(parts.database, call.parameter("deployment"), parts.now());
    if (!aborted && aborted.error().code == Errc::out_of_order)
        return refusal(aborted.error(), unprocessable, call);
    if (!aborted) return aborted.error();
    return control::Response::empty(204);
}

Result<control::Response> statistics(Parts& parts, const Call& call) {
    const auto deployment = find_deployment(parts.database, call.parameter("deployment"));
    if (!deployment) return no_such_deployment();
    return control::Response::of(200, all_counters(*deployment));
}

/// Of those that are known.
Result<control::Response> statistics_of_many(Parts& parts, const Call& call) {
    const auto body = call.object();
    if (!body) return body.error();
    Fields fields(*body, "the body");
    const auto ids = fields.texts("deployment_ids");
    if (ids.size() > max_statistics)
        fields.refuse("`deployment_ids` has over " + std::to_string(max_statistics));
    if (!fields.ok()) return fields.error();
    json::array shown;
    for (const auto& id : ids)
        if (const auto deployment = find_deployment(parts.database, id))
            shown.push_back(json::object{{"id", id}, {"stats", all_counters(*deployment)}});
    return control::Response::of(200, std::move(shown));
}

Result<control::Response> list_targets(Parts& parts, const Call& call) {
    const auto& id = call.parameter("deployment");
    if (!find_deployment(parts.database, id)) return no_such_deployment();
    const auto devices = target_devices(parts.database, id);
    return control::Response::of(200, json::array(devices.begin(), devices.end()));
}

Result<control::Response> list_devices_of(Parts& parts, const Call& call) {
    const auto page = page_of(call.request);
    if (!page) return page.error();
    const auto& id = call.parameter("deployment");
    if (!find_deployment(parts.database, id)) return no_such_deployment();
    const auto status = call.request.query_value("status");
    json::array shown;
    for (const auto& part : parts_of_deployment(parts.database, id, status, *page))
        shown.push_back(describe(parts, part));
    return list_answer(call, *page, std::move(shown), count_parts_of_deployment(parts.database, id, status));
}

Result<control::Response> show_log(Parts& parts, const Call& call) {
    const auto lines = find_log(parts.database, call.parameter("deployment"), call.parameter("device"));
    if (!lines) return fail(Errc::not_found, "the device sent no log for this deployment");
    control::Response response;
    response.headers["Content-Type"] = "text/plain; charset=utf-8";
    response.headers["X-Content-Type-Options"] = "nosniff";
    response.body = *lines;
    return response;
}

Result<control::Response> history(Parts& parts, const Call& call) {
    const auto page = page_of(call.request);
    if (!page) return page.error();
    const auto& device = call.parameter("device");
    const auto status = call.request.query_value("status");
    json::array shown;
    for (const auto& part : parts_of_device(parts.database, device, status, *page)) {
        const auto deployment = find_deployment(parts.database, part.deployment);
        if (!deployment) continue;
        shown.push_back(json::object{{"id", part.deployment},
                                     {"deployment", describe(parts, *deployment)},
                                     {"device", describe(parts, part)}});
    }
    return list_answer(call, *page, std::move(shown), count_parts_of_device(parts.database, device, status));
}

Result<control::Response> abort_of_device(Parts& parts, const Call& call) {
    if (!find_device(parts.database, call.parameter("device")))
        return fail(Errc::not_found, "no such device");
    abort_deployments_of(parts.database, call.parameter("device"), parts.now());
    return control::Response::empty(204);
}

} // namespace

void add_deployment_api(control::Router& router, Parts& parts) {
    const std::string all(deployments_path);
    const auto one = all + "/{deployment}";
    add_route(router, parts, Caller::user, "POST", all, create_for_devices);
    add_route(router, parts, Caller::user, "POST", all + "/group/{group}", create_for_group);
    add_route(router, parts, Caller::user, "GET", all, show_deployments);
    add_route(router, parts, Caller::user, "GET", "/api/management/v2/deployments/deployments",
              show_deployments);
    add_route(router, parts, Caller::user, "POST", all + "/statistics/list", statistics_of_many);
    add_route(router, parts, Caller::user, "GET", all + "/devices/{device}", history);
    add_route(router, parts, Caller::user, "DELETE", all + "/devices/{device}", abort_of_device);
    add_route(router, parts, Caller::user, "GET", one, show_deployment);
    add_route(router, parts, Caller::user, "PUT", one + "/status", abort);
    add_route(router, parts, Caller::user, "GET", one + "/statistics", statistics);
    add_route(router, parts, Caller::user, "GET", one + "/device_list", list_targets);
    add_route(router, parts, Caller::user, "GET", one + "/devices/list", list_devices_of);
    add_route(router, parts, Caller::user, "GET", one + "/devices", list_devices_of);
    add_route(router, parts, Caller::user, "GET", one + "/devices/{device}/log", show_log);
}

} // namespace two_path::host::embedded
