#include "plugin/cli/command.hpp"
#include "plugin/cli/command_line.hpp"
#include "plugin/cli/deployment_watch.hpp"
#include "plugin/cli/print.hpp"

namespace two_path::cli {
namespace {

Outcome list_deployments(const Server& server, const Shell& shell) {
    const auto list = server.list(std::string(deployments_path));
    if (!list) return list.error();
    if (shell.json) {
        print_json(shell.out, *list);
        return 0;
    }
    Table table({"DEPLOYMENT", "RELEASE", "STATUS", "DEVICES", "CREATED"});
    for (const auto& value : *list) {
        if (!value.is_object()) continue;
        const auto& deployment = value.get_object();
        table.add({text_of(deployment, "id"), text_of(deployment, "artifact_name"),
                   text_of(deployment, "status"), counts_of(deployment),
                   local_time(text_of(deployment, "created"))});
    }
    table.print(shell.out);
    return 0;
}

Outcome show_deployment(const Server& server, const std::string& id, const Shell& shell) {
    const auto target = std::string(deployments_path) + "/" + encoded(id);
    const auto deployment = server.get(target);
    if (!deployment) return deployment.error();
    const auto devices = server.list(target + "/devices/list");
    if (!devices) return devices.error();
    if (shell.json) {
        print_json(shell.out, json::object{{"deployment", *deployment}, {"devices", *devices}});
        return 0;
    }
    if (deployment->is_object())
        shell.note(text_of(deployment->get_object(), "artifact_name") + ": " +
                   text_of(deployment->get_object(), "status"));
    Table table({"DEVICE", "STATUS", "SUBSTATE", "ENDED"});
    for (const auto& value : *devices) {
        if (!value.is_object()) continue;
        const auto& device = value.get_object();
        table.add({text_of(device, "id"), text_of(device, "status"), text_of(device, "substate"),
                   local_time(text_of(device, "finished"))});
    }
    table.print(shell.out);
    return 0;
}

Outcome abort(const Server& server, const std::string& id, const Shell& shell) {
    const auto target = std::string(deployments_path) + "/" + encoded(id) + "/status";
    if (auto put = server.put(target, json::object{{"status", "aborted"}}); !put) return put.error();
    if (shell.json) print_json(shell.out, json::object{{"id", id}, {"status", "aborted"}});
    shell.note("Aborted " + id + ".");
    return 0;
}

} // namespace

Outcome deployments(const std::vector<std::string>& arguments, Shell& shell) {
    CommandLine line("deployments [ID|abort ID]",
                     "Lists Mender's deployments, shows the devices of one, or aborts one.");
    const auto parsed = line.parse(arguments, 2, shell);
    if (!parsed) return parsed.error();
    if (!*parsed) return 0;
    const auto words = (*parsed)->words();
    const bool aborts = !words.empty() && words.front() == "abort";
    if (aborts && words.size() == 1) return wrong_usage("`abort` needs the deployment's id");
    if (!aborts && words.size() == 2) return wrong_usage("one word too many: `" + words[1] + "`");
    const auto server = Server::open(shell);
    if (!server) return server.error();
    if (words.empty()) return list_deployments(*server, shell);
    return aborts ? abort(*server, words[1], shell) : show_deployment(*server, words[0], shell);
}

} // namespace two_path::cli
