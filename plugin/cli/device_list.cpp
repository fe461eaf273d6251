#include "plugin/cli/device_list.hpp"

#include "plugin/cli/print.hpp"

#include <utility>

namespace two_path::cli {
namespace {

std::string identity_of(const json::object& object) {
    const auto* data = object.if_contains("identity_data");
    if (data == nullptr || !data->is_object()) return {};
    std::string text;
    for (const auto& [key, value] : data->get_object())
        if (key != "status") {
            text.append(text.empty() ? "" : ", ").append(key).append("=");
            text += text_of(data->get_object(), key);
        }
    return text;
}

std::string newest_auth_set(const json::object& object) {
    const auto* sets = object.if_contains("auth_sets");
    if (sets == nullptr || !sets->is_array()) return {};
    std::string id;
    std::string newest;
    for (const auto& set : sets->get_array()) {
        if (!set.is_object()) continue;
        auto time = text_of(set.get_object(), "ts");
        if (!id.empty() && time < newest) continue;
        id = text_of(set.get_object(), "id");
        newest = std::move(time);
    }
    return id;
}

} // namespace

Result<std::vector<Device>> list_devices(const Server& server) {
    const auto list = server.list(std::string(devices_path));
    if (!list) return list.error();
    std::vector<Device> devices;
    for (const auto& value : *list) {
        if (!value.is_object()) continue;
        const auto& object = value.get_object();
        devices.push_back({text_of(object, "id"), text_of(object, "status"), identity_of(object),
                           text_of(object, "check_in_time"), newest_auth_set(object), object});
    }
    return devices;
}

Result<Device> find_device(const std::vector<Device>& devices, const std::string& id) {
    const Device* found = nullptr;
    for (const auto& device : devices) {
        if (device.id == id) return device;
        if (id.empty() || !device.id.starts_with(id)) continue;
        if (found != nullptr) return fail(Errc::conflict, "several devices' ids begin with `" + id + "`");
        found = &device;
    }
    if (found == nullptr) return fail(Errc::not_found, "no device's id is or begins with `" + id + "`");
    return *found;
}

} // namespace two_path::cli
