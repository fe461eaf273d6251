#include "plugin/host/embedded/update_order.hpp"

#include "plugin/host/embedded/artifacts.hpp"
#include "plugin/host/embedded/deployments.hpp"
#include "plugin/host/embedded/device_deployments.hpp"
#include "plugin/host/embedded/inventory.hpp"

namespace two_path::host::embedded {
namespace {

Installed installed_on(state::Database& database, const std::string& device) {
    Installed installed;
    for (const auto& attribute : attributes_of(database, device)) {
        if (!attribute.value.is_string()) continue;
        if (attribute.name == "artifact_name") installed.artifact_name = attribute.value.get_string();
        if (attribute.name == "device_type") installed.device_type = attribute.value.get_string();
    }
    return installed;
}

Result<void> may_repeat(state::Database& database, const UpdateOrder& order) {
    const auto part = find_part(database, order.repeats, order.device);
    if (part && !part->finished) return fail(Errc::unavailable, "the deployment is not finished yet");
    if (!part || part->status != DeviceStatus::failure)
        return fail(Errc::aborted, "the deployment did not fail on this device");
    return {};
}

Result<OrderedUpdate> create(Parts& parts, const UpdateOrder& order, const std::string& release) {
    if (!order.may_create) return fail(Errc::busy, "the device has asked for many updates already");
    const auto repeated = find_deployment(parts.database, order.repeats);
    NewDeployment asked;
    asked.name = order.name;
    asked.artifact_name = release;
    asked.forced = repeated && repeated->forced;
    asked.devices = {order.device};
    auto id = create_deployment(parts.database, asked, parts.now());
    if (!id) return id.error();
    return OrderedUpdate{std::move(*id), release, true};
}

} // namespace

Result<OrderedUpdate> order_update(Parts& parts, const UpdateOrder& order) {
    if (!order.repeats.empty())
        if (auto may = may_repeat(parts.database, order); !may) return may.error();
    const auto installed = installed_on(parts.database, order.device);
    for (const auto& release : order.releases) {
        if (auto known = unfinished_of(parts.database, order.device, release))
            return OrderedUpdate{std::move(*known), release, false};
        if (!order.repeats.empty()) return create(parts, order, release);
        // What comes after it is older.
        if (release == installed.artifact_name) return fail(Errc::not_found, "the device runs " + release);
        if (artifact_for(parts.database, release, installed)) return create(parts, order, release);
    }
    return fail(Errc::not_found, installed.device_type.empty()
                                     ? "the device's inventory does not tell its type yet"
                                     : "no release is for devices of type " + installed.device_type);
}

} // namespace two_path::host::embedded
