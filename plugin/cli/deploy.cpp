#include "plugin/cli/command.hpp"
#include "plugin/cli/command_line.hpp"
#include "plugin/cli/deployment_watch.hpp"
#include "plugin/cli/device_list.hpp"
#include "plugin/cli/print.hpp"

#include <algorithm>
#include <utility>

namespace two_path::cli {
namespace {

constexpr std::uint64_t usual_timeout = 3600; // seconds

struct Order {
    std::string target; ///< where it is posted
    json::object body;
};

bool is_accepted(const Device& device) {
    return device.status == "accepted";
}

Result<json::array> device_ids(const Server& server, const std::vector<std::string>& wanted) {
    const auto devices = list_devices(server);
    if (!devices) return devices.error();
    json::array ids;
    for (const auto& id : wanted) {
        const auto device = find_device(*devices, id);
        if (!device) return device.error();
        if (!is_accepted(*device))
            return fail(Errc::conflict, "device " + device->id + " is " + device->status +
                                            "; `two-path devices accept " + device->id + "` first");
        ids.emplace_back(device->id);
    }
    return ids;
}

Result<Order> order_of(const Arguments& given, const Server& server) {
    const auto release = given.words().front();
    const auto name = given.given("name") ? given.text("name") : release;
    Order order{std::string(deployments_path), {{"name", name}, {"artifact_name", release}}};
    if (given.flag("force")) order.body["force_installation"] = true;
    if (given.flag("all")) order.body["all_devices"] = true;
    if (given.given("group")) order.target += "/group/" + encoded(given.text("group"));
    if (given.given("device")) {
        auto ids = device_ids(server, given.texts("device"));
        if (!ids) return ids.error();
        order.body["devices"] = std::move(*ids);
    }
    return order;
}

Result<bool> has_artifact(const Server& server, const std::string& release) {
    const auto artifacts = server.list(std::string(artifacts_path) + "?name=" + encoded(release));
    if (!artifacts) return artifacts.error();
    return std::ranges::any_of(*artifacts, [&](const json::value& artifact) {
        return artifact.is_object() && text_of(artifact.get_object(), "name") == release;
    });
}

/// Whether one of the group's devices is accepted; without a group: whether any is.
Result<bool> has_target(const Server& server, const std::string& group) {
    const auto devices = list_devices(server);
    if (!devices) return devices.error();
    if (group.empty()) return std::ranges::any_of(*devices, &is_accepted);
    const auto members = server.list(std::string(groups_path) + "/" + encoded(group) + "/devices");
    if (!members && members.error().code == Errc::not_found) return false;
    if (!members) return members.error();
    return std::ranges::any_of(*members, [&](const json::value& id) {
        const auto device =
            std::ranges::find(*devices, id, [](const Device& one) { return json::value(one.id); });
        return device != devices->end() && is_accepted(*device);
    });
}

/// A refused order may not say what it lacks, so the release and the devices are looked for.
Error explain(const Arguments& given, const Server& server, Error refusal) {
    if (refusal.code != Errc::bad_request && refusal.code != Errc::not_found) return refusal;
    const auto release = given.words().front();
    if (const auto known = has_artifact(server, release); known && !*known)
        return fail(Errc::not_found, "no release is called " + release + "; `two-path releases` lists them");
    if (given.given("device")) return refusal;
    if (const auto any = has_target(server, given.text("group")); any && !*any)
        return fail(Errc::not_found,
                    (given.flag("all") ? "no device is accepted"
                                       : "group " + given.text("group") + " has no accepted device") +
                        std::string("; see `two-path devices accept`"));
    return refusal;
}

Result<void> check(const Arguments& given) {
    if (given.words().empty()) return wrong_usage("RELEASE: which one? `two-path releases` lists them");
    const int targets =
        (given.given("device") ? 1 : 0) + (given.given("group") ? 1 : 0) + (given.flag("all") ? 1 : 0);
    if (targets != 1) return wrong_usage("to whom? one of --device ID, --group G and --all");
    if (given.given("timeout") && !given.flag("wait")) return wrong_usage("--timeout: needs --wait");
    return {};
}

} // namespace

Outcome deploy(const std::vector<std::string>& arguments, Shell& shell) {
    CommandLine line(
        "deploy RELEASE --device ID|--group G|--all [OPTIONS]",
        "Orders an update through Mender. With --wait the command ends when the deployment has ended:\n"
        "0 when every device has the release, 1 when not.");
    line.list("device", "ID", "to this device; the beginning of an id is enough; may be repeated");
    line.option("group", "G", "to the devices of this group");
    line.flag("all", "to every accepted device");
    line.option("name", "NAME", "the deployment's name; default: the release's");
    line.flag("force", "also to devices that have the release already");
    line.flag("wait", "until it has ended");
    line.option("timeout", "SECONDS", "how long to wait; default 3600");
    const auto parsed = line.parse(arguments, 1, shell);
    if (!parsed) return parsed.error();
    if (!*parsed) return 0;
    const auto& given = **parsed;
    if (auto checked = check(given); !checked) return checked.error();
    const auto seconds = given.number("timeout", usual_timeout);
    if (!seconds) return seconds.error();

    const auto server = Server::open(shell);
    if (!server) return server.error();
    const auto order = order_of(given, *server);
    if (!order) return order.error();
    const auto id = server->post(order->target, order->body);
    if (!id) return explain(given, *server, id.error());
    shell.note("Deployment " + *id + " of " + given.words().front() + " is ordered.");
    if (!given.flag("wait")) {
        if (shell.json) print_json(shell.out, json::object{{"id", *id}});
        return 0;
    }
    const auto ended = wait_for_end(*server, *id, *seconds, shell);
    if (!ended) return ended.error();
    if (shell.json) print_json(shell.out, *ended);
    return exit_code_of(*ended);
}

} // namespace two_path::cli
