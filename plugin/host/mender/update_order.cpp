#include "plugin/host/mender/update_order.hpp"

#include "plugin/host/mender/answers.hpp"

#include <algorithm>
#include <set>
#include <utility>

namespace two_path::host::mender {
namespace {

const std::string deployments_target = "/v1/deployments/deployments";
/// The server gives no more of a device's history at once.
constexpr std::size_t history_page = 20;
/// Of the history; a deployment that has just failed is among the newest.
constexpr std::size_t most_history_pages = 5;
/// Of deployments that are not finished.
constexpr std::size_t most_list_pages = 40;

/// The newest of what was deployed to the device and seen by it.
awaitable<Result<std::vector<Part>>> history_of(Management& management, std::string device) {
    std::vector<Part> all;
    for (std::size_t page = 1; page <= most_history_pages; ++page) {
        const auto answer = co_await management.get(deployments_target + "/devices/" + device +
                                                        "?page=" + std::to_string(page) +
                                                        "&per_page=" + std::to_string(history_page),
                                                    in_passing);
        if (!answer) co_return answer.error();
        if (answer->status != 200) co_return unexpected(*answer, "the question for a device's deployments");
        auto parts = parse_parts(answer->body);
        if (!parts) co_return parts.error();
        all.insert(all.end(), parts->begin(), parts->end());
        if (parts->size() < history_page) break;
    }
    co_return all;
}

const Part* find_part(const std::vector<Part>& parts, const std::string& deployment) {
    const auto found = std::ranges::find(parts, deployment, &Part::deployment);
    return found == parts.end() ? nullptr : &*found;
}

Result<void> may_repeat(const std::vector<Part>& parts, const std::string& deployment) {
    const auto* part = find_part(parts, deployment);
    if (part != nullptr && !is_finished(*part))
        return fail(Errc::unavailable, "the deployment is not finished yet");
    if (part == nullptr || part->status != "failure")
        return fail(Errc::aborted, "the deployment did not fail on this device");
    return {};
}

/// Whether a deployment is meant for the device, which may not have seen it yet.
awaitable<Result<bool>> is_for(Management& management, std::string deployment, std::string device) {
    const auto answer =
        co_await management.get(deployments_target + "/" + deployment + "/device_list", in_passing);
    if (!answer) co_return answer.error();
    if (answer->status == 404) co_return false;
    if (answer->status != 200) co_return unexpected(*answer, "the question for a deployment's devices");
    const auto devices = parse_names(answer->body);
    if (!devices) co_return devices.error();
    co_return std::ranges::find(*devices, device) != devices->end();
}

awaitable<Result<std::vector<ListedDeployment>>> deployments_that_are(Management& management,
                                                                      std::string status) {
    std::vector<ListedDeployment> all;
    for (std::size_t page = 1; page <= most_list_pages; ++page) {
        const auto answer = co_await management.get(
            deployments_target + "?type=software&sort=desc&status=" + status +
                "&page=" + std::to_string(page) + "&per_page=" + std::to_string(max_page),
            in_passing);
        if (!answer) co_return answer.error();
        if (answer->status != 200) co_return unexpected(*answer, "the question for its deployments");
        const auto listed = parse_deployments(answer->body);
        if (!listed) co_return listed.error();
        all.insert(all.end(), listed->begin(), listed->end());
        if (listed->size() < max_page) co_return all;
    }
    // Without having seen them all, an order might be given twice.
    co_return fail(Errc::unavailable, "the Mender server's list of deployments does not end");
}

/// An unfinished deployment of the release to the device; empty: none. The server shows one in the device's
/// history only after the device has polled.
awaitable<Result<std::string>> find_unfinished(Management& management, std::vector<Part> history,
                                               std::string device, std::string release) {
    for (const auto& part : history)
        if (!is_finished(part) && part.artifact_name == release) co_return part.deployment;
    for (const std::string status : {"pending", "inprogress"}) {
        const auto listed = co_await deployments_that_are(management, status);
        if (!listed) co_return listed.error();
        for (const auto& one : *listed) {
            if (one.artifact_name != release || find_part(history, one.id) != nullptr) continue;
            const auto meant = co_await is_for(management, one.id, device);
            if (!meant) co_return meant.error();
            if (*meant) co_return one.id;
        }
    }
    co_return std::string();
}

awaitable<Result<Inventory>> inventory_of(Management& management, std::string device) {
    const auto answer = co_await management.get("/v1/inventory/devices/" + device, in_passing);
    if (!answer) co_return answer.error();
    if (answer->status == 404) co_return Inventory();
    if (answer->status != 200) co_return unexpected(*answer, "the question for a device's inventory");
    co_return parse_inventory(answer->body);
}

awaitable<Result<bool>> is_offered(Management& management, std::string release, std::string device_type) {
    const auto answer =
        co_await management.get("/v1/deployments/artifacts/list?name=" + control::percent_encode(release) +
                                    "&device_type=" + control::percent_encode(device_type) +
                                    "&page=1&per_page=" + std::to_string(max_page),
                                in_passing);
    if (!answer) co_return answer.error();
    if (answer->status != 200) co_return unexpected(*answer, "the question for its artifacts");
    const auto listed = parse_artifacts(answer->body);
    if (!listed) co_return listed.error();
    co_return std::ranges::any_of(*listed, [&](const ListedArtifact& artifact) {
        return artifact.name == release &&
               std::ranges::find(artifact.device_types, device_type) != artifact.device_types.end();
    });
}

/// Empty: the server has the same active already.
awaitable<Result<std::string>> create(Management& management, std::string release, UpdateOrder order,
                                      bool forced) {
    json::object body{{"name", order.name},
                      {"artifact_name", release},
                      {"devices", json::array{json::value(order.device)}},
                      {"force_installation", forced}};
    const auto answer = co_await management.post(deployments_target, std::move(body), false, in_passing);
    if (!answer) co_return answer.error();
    if (answer->status == 409) co_return std::string();
    if (answer->status == 422)
        co_return fail(Errc::not_found, "the Mender server has no artifact called " + release);
    const auto location = answer->headers.find("Location");
    auto id = location == answer->headers.end() ? std::string() : id_at_end(location->second);
    if (answer->status != 201 || id.empty()) co_return unexpected(*answer, "a new deployment");
    co_return id;
}

} // namespace

awaitable<Result<OrderedUpdate>> order_update(Management& management, UpdateOrder order) {
    const auto history = co_await history_of(management, order.device);
    if (!history) co_return history.error();
    const bool repeats = !order.repeats.empty();
    if (repeats)
        if (auto may = may_repeat(*history, order.repeats); !may) co_return may.error();
    const auto installed = co_await inventory_of(management, order.device);
    if (!installed) co_return installed.error();

    for (const auto& release : order.releases) {
        auto known = co_await find_unfinished(management, *history, order.device, release);
        if (!known) co_return known.error();
        if (!known->empty()) co_return OrderedUpdate{std::move(*known), release, false};
        // What comes after it is older.
        if (!repeats && release == installed->artifact_name)
            co_return fail(Errc::not_found, "the device runs " + release);
        if (!repeats) {
            const auto offered = co_await is_offered(management, release, installed->device_type);
            if (!offered) co_return offered.error();
            if (!*offered) continue;
        }
        if (!order.may_create) co_return fail(Errc::busy, "the device has asked for many updates already");
        const auto* before = repeats ? find_part(*history, order.repeats) : nullptr;
        auto id = co_await create(management, release, order, before != nullptr && before->forced);
        if (!id && id.error().code == Errc::not_found && !repeats) continue; // removed meanwhile
        if (!id) co_return id.error();
        if (!id->empty()) co_return OrderedUpdate{std::move(*id), release, true};
        // 409: an identical one was made meanwhile.
        known = co_await find_unfinished(management, *history, order.device, release);
        if (!known) co_return known.error();
        if (known->empty())
            co_return fail(Errc::unavailable, "the Mender server has an identical deployment of " + release +
                                                  " that it does not show");
        co_return OrderedUpdate{std::move(*known), release, false};
    }
    co_return fail(Errc::not_found, installed->device_type.empty()
                                        ? "the device's inventory does not tell its type yet"
                                        : "no release is for devices of type " + installed->device_type);
}

} // namespace two_path::host::mender
