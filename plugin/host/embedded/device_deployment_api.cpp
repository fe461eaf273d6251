// Devices ask what to install and say how it goes (Mender's device API, `deployments`).
#include "plugin/host/embedded/artifacts.hpp"
#include "plugin/host/embedded/device_deployments.hpp"
#include "plugin/host/embedded/endpoint.hpp"
#include "plugin/host/embedded/public_url.hpp"
#include "plugin/host/embedded/timestamp.hpp"

namespace two_path::host::embedded {
namespace {

constexpr std::size_t max_substate = 200; // Mender's
constexpr std::size_t max_provides = 256;
constexpr std::size_t max_next_body = 64 * 1024;

Result<Installed> check_installed(Installed installed) {
    if (installed.artifact_name.empty() || installed.device_type.empty())
        return fail(Errc::bad_request, "`artifact_name` and `device_type` are needed");
    if (installed.provides.size() > max_provides)
        return fail(Errc::too_large, "over " + std::to_string(max_provides) + " provides");
    return installed;
}

/// What is no text is no provide; unknown fields are ignored.
Result<Installed> installed_from(const json::object& provides) {
    Installed installed;
    installed.complete = true;
    const auto* deeper = provides.if_contains("artifact_provides");
    for (const auto* object : {&provides, deeper == nullptr ? nullptr : deeper->if_object()}) {
        if (object == nullptr) continue;
        for (const auto& [name, value] : *object) {
            if (!value.is_string()) continue;
            const std::string text(value.get_string());
            if (name == "artifact_name")
                installed.artifact_name = text;
            else if (name == "device_type")
                installed.device_type = text;
            else
                installed.provides[name] = text;
        }
    }
    return check_installed(std::move(installed));
}

control::Response instructions(Parts& parts, const Order& order, const StoredArtifact& artifact,
                               const std::string& base) {
    const auto expires = parts.now_in_seconds() + parts.settings.download_link_lifetime.count();
    const json::object source{{"uri", base + parts.links.link(artifact.id, expires)},
                              {"expire", rfc3339(expires * 1000)}};
    const auto types = artifact.device_types();
    return control::Response::of(
        200, json::object{{"id", order.part.deployment},
                          {"artifact", json::object{{"id", artifact.id},
                                                    {"artifact_name", artifact.name},
                                                    {"source", source},
                                                    {"device_types_compatible",
                                                     json::array(types.begin(), types.end())}}}});
}

/// What the device was told before stays, as long as it is there and suits what the device now says of
/// itself.
std::optional<StoredArtifact> choose(Parts& parts, const Order& order, const Installed& installed) {
    if (order.part.artifact) {
        auto told = find_artifact(parts.database, *order.part.artifact);
        if (told && suits(*told, installed)) return told;
    }
    return artifact_for(parts.database, order.artifact_name, installed);
}

/// A device that is told begins the module's Download, whose time is limited, so one that could only wait
/// there is not told yet. What it was told before goes on.
bool must_wait(Parts& parts, const Order& order, const StoredArtifact& artifact) {
    if (order.part.artifact || artifact.payload_type() != "two-path") return false;
    const auto device = find_device(parts.database, order.part.device);
    return device && !parts.settings.may_begin(device->group.value_or(""));
}

/// The oldest unfinished deployment that has something for this device; those that have nothing end here.
/// While it must wait, so do the younger ones: an older release must not come after them.
/// Mender's own server fails a deployment when a device asks again and says something else of itself. This
/// one takes the device at its word: an update that the device runs, but whose success it could not report,
/// is already installed.
Result<control::Response> next(Parts& parts, const Call& call, const Installed& installed) {
    const auto base = public_url(parts, call.request);
    if (!base) return base.error();
    const auto now = parts.now();
    while (const auto order = oldest_unfinished(parts.database, call.caller, false)) {
        state::Transaction transaction(parts.database);
        const auto end = [&](DeviceStatus status) {
            set_part_status(parts.database, order->part.deployment, call.caller, status, "", now);
            transaction.commit();
        };
        if (!order->forced && order->artifact_name == installed.artifact_name) {
            end(DeviceStatus::already_installed);
            continue;
        }
        const auto artifact = choose(parts, *order, installed);
        if (!artifact) {
            end(DeviceStatus::noartifact);
            continue;
        }
        if (must_wait(parts, *order, *artifact)) break;
        assign_artifact(parts.database, order->part, artifact->id, now);
        transaction.commit();
        return instructions(parts, *order, *artifact, *base);
    }
    return control::Response::empty(204);
}

Result<control::Response> next_by_query(Parts& parts, const Call& call) {
    Installed installed;
    installed.artifact_name = call.request.query_value("artifact_name");
    installed.device_type = call.request.query_value("device_type");
    const auto checked = check_installed(std::move(installed));
    if (!checked) return checked.error();
    return next(parts, call, *checked);
}

Result<control::Response> next_by_provides(Parts& parts, const Call& call) {
    const auto body = call.object();
    if (!body) return body.error();
    const auto installed = installed_from(*body);
    if (!installed) return installed.error();
    return next(parts, call, *installed);
}

/// The newer clients' way; update control maps are not served, and clients go on without one.
Result<control::Response> next_by_device_provides(Parts& parts, const Call& call) {
    const auto body = call.object();
    if (!body) return body.error();
    Fields fields(*body, "the body");
    const auto& provides = fields.object("device_provides");
    if (!fields.ok()) return fields.error();
    const auto installed = installed_from(provides);
    if (!installed) return installed.error();
    return next(parts, call, *installed);
}

Result<DeviceStatus> reported_status(Fields& fields) {
    const auto status = device_status_from_name(fields.text("status"));
    if (!status || !is_reported_by_devices(*status)) fields.refuse("`status` is none that a device reports");
    if (!fields.ok()) return fields.error();
    return *status;
}

/// Reports in any order are taken, and repeated ones change nothing. A deployment that is finished for this
/// device stays as it is: 409 makes the client roll back when the operator ended it, else what comes late is
/// ignored.
Result<control::Response> report_status(Parts& parts, const Call& call) {
    const auto body = call.object();
    if (!body) return body.error();
    Fields fields(*body, "the body");
    const auto status = reported_status(fields);
    if (!status) return status.error();
    const auto substate = fields.text_or("substate", "").substr(0, max_substate);
    if (!fields.ok()) return fields.error();

    const auto part = find_part(parts.database, call.parameter("deployment"), call.caller);
    if (!part) return fail(Errc::not_found, "no such deployment for this device");
    if (part->status == DeviceStatus::aborted || part->status == DeviceStatus::decommissioned)
        return fail(Errc::aborted, "the deployment is " + std::string(name_of(part->status)));
    if (is_finished(part->status) || (part->status == *status && part->substate == substate))
        return control::Response::empty(204);
    state::Transaction transaction(parts.database);
    set_part_status(parts.database, part->deployment, part->device, *status, substate, parts.now());
    transaction.commit();
    return control::Response::empty(204);
}

Result<std::string> log_lines(const json::object& body) {
    Fields fields(body, "the log");
    std::string lines;
    const auto& messages = fields.array("messages");
    if (fields.ok() && messages.empty()) fields.refuse("`messages` is empty");
    for (const auto& message : messages) {
        const auto* object = message.if_object();
        if (object == nullptr) {
            fields.refuse("each of `messages` must be an object");
            break;
        }
        Fields line(*object, "the log's message");
        lines.append(line.text("timestamp")).append(" ").append(line.text("level")).append(": ");
        lines.append(line.text("message")).append("\n");
        if (!line.ok()) return line.error();
    }
    if (!fields.ok()) return fields.error();
    return lines;
}

Result<control::Response> store_log(Parts& parts, const Call& call) {
    const auto body = call.object();
    if (!body) return body.error();
    const auto lines = log_lines(*body);
    if (!lines) return lines.error();
    const auto part = find_part(parts.database, call.parameter("deployment"), call.caller);
    if (!part) return fail(Errc::not_found, "no such deployment for this device");
    set_log(parts.database, part->deployment, part->device, *lines);
    return control::Response::empty(204);
}

} // namespace

void add_device_deployment_api(control::Router& router, Parts& parts) {
    const std::string next_v1 = "/api/devices/v1/deployments/device/deployments/next";
    const std::string next_v2 = "/api/devices/v2/deployments/device/deployments/next";
    const std::string one = "/api/devices/v1/deployments/device/deployments/{deployment}";
    add_route(router, parts, Caller::device, "GET", next_v1, next_by_query);
    add_route(router, parts, Caller::device, "POST", next_v1, next_by_provides, max_next_body);
    add_route(router, parts, Caller::device, "POST", next_v2, next_by_device_provides, max_next_body);
    add_route(router, parts, Caller::device, "PUT", one + "/status", report_status);
    add_route(router, parts, Caller::device, "PUT", one + "/log", store_log);
}

} // namespace two_path::host::embedded
