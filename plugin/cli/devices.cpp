#include "plugin/cli/command.hpp"
#include "plugin/cli/command_line.hpp"
#include "plugin/cli/device_list.hpp"
#include "plugin/cli/print.hpp"

#include <utility>

namespace two_path::cli {
namespace {

int show_devices(const std::vector<Device>& devices, const Shell& shell) {
    if (shell.json) {
        json::array all;
        for (const auto& device : devices)
            all.emplace_back(device.whole);
        print_json(shell.out, all);
        return 0;
    }
    Table table({"DEVICE", "STATUS", "IDENTITY", "LAST SEEN"});
    for (const auto& device : devices)
        table.add(
            {device.id, device.status, device.identity, device.seen.empty() ? "" : local_time(device.seen)});
    table.print(shell.out);
    return 0;
}

/// Those named, or all that wait.
Result<std::vector<Device>> chosen(const std::vector<Device>& devices, const std::vector<std::string>& ids,
                                   bool all) {
    std::vector<Device> result;
    for (const auto& id : ids) {
        auto device = find_device(devices, id);
        if (!device) return device.error();
        result.push_back(std::move(*device));
    }
    for (const auto& device : devices)
        if (all && device.status == "pending") result.push_back(device);
    for (const auto& device : result)
        if (device.auth_set.empty())
            return fail(Errc::not_found, "device " + device.id + " has no authentication set");
    return result;
}

Outcome decide_devices(const Server& server, const std::vector<Device>& devices, const std::string& status,
                       const Shell& shell) {
    if (devices.empty()) shell.note("No device waits.");
    json::array done;
    for (const auto& device : devices) {
        const auto target = std::string(devices_path) + "/" + encoded(device.id) + "/auth/" +
                            encoded(device.auth_set) + "/status";
        if (auto put = server.put(target, json::object{{"status", status}}); !put)
            return fail(put.error().code, "device " + device.id + ": " + put.error().detail);
        done.emplace_back(device.id);
        shell.note(device.id + " " + status);
    }
    if (shell.json) print_json(shell.out, json::object{{"status", status}, {"devices", std::move(done)}});
    return 0;
}

} // namespace

Outcome devices(const std::vector<std::string>& arguments, Shell& shell) {
    CommandLine line(
        "devices [accept|reject ID...|--all]",
        "Lists the devices that the server knows, or decides whether they may log in. An ID may be\n"
        "the beginning of one.");
    line.flag("all", "accept or reject every device that waits");
    const auto parsed = line.parse(arguments, 10'000, shell);
    if (!parsed) return parsed.error();
    if (!*parsed) return 0;
    const auto& given = **parsed;
    auto words = given.words();
    const auto verb = words.empty() ? std::string() : words.front();
    if (!words.empty()) words.erase(words.begin());
    if (!verb.empty() && verb != "accept" && verb != "reject")
        return wrong_usage("`" + verb + "` is neither `accept` nor `reject`");
    if (verb.empty() && given.flag("all")) return wrong_usage("--all: needs `accept` or `reject`");
    if (!verb.empty() && words.empty() != given.flag("all"))
        return wrong_usage("`" + verb + "` needs either device ids or --all");

    const auto server = Server::open(shell);
    if (!server) return server.error();
    const auto devices = list_devices(*server);
    if (!devices) return devices.error();
    if (verb.empty()) return show_devices(*devices, shell);
    const auto decided = chosen(*devices, words, given.flag("all"));
    if (!decided) return decided.error();
    return decide_devices(*server, *decided, verb + "ed", shell);
}

} // namespace two_path::cli
