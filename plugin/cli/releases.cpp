#include "plugin/cli/command.hpp"
#include "plugin/cli/command_line.hpp"
#include "plugin/cli/print.hpp"
#include "plugin/cli/server.hpp"

#include <algorithm>
#include <utility>

namespace two_path::cli {
namespace {

std::uint64_t payload_size(const json::object& release) {
    const auto* files = release.if_contains("files");
    if (files == nullptr || !files->is_array()) return 0;
    std::uint64_t total = 0;
    for (const auto& file : files->get_array())
        if (file.is_object()) total += number_of(file.get_object(), "wire_size");
    return total;
}

Outcome show_releases(const Server& server, const Shell& shell) {
    const auto list = server.get(own_path("/releases"));
    if (!list) return list.error();
    if (shell.json) {
        print_json(shell.out, *list);
        return 0;
    }
    Table table({"RELEASE", "VERSION", "STREAM", "INSTALLER", "SIZE", "PUBLISHED"});
    for (const auto& value : list->is_array() ? list->get_array() : json::array()) {
        if (!value.is_object()) continue;
        const auto& release = value.get_object();
        table.add({text_of(release, "name"), text_of(release, "version"), text_of(release, "stream"),
                   text_of(release, "installer"), human_size(payload_size(release)),
                   local_time(text_of(release, "published"))});
    }
    table.print(shell.out);
    return 0;
}

bool is_ours(const json::object& artifact) {
    const auto* updates = artifact.if_contains("updates");
    if (updates == nullptr || !updates->is_array()) return false;
    return std::ranges::any_of(updates->get_array(), [](const json::value& update) {
        const auto* info = update.is_object() ? update.get_object().if_contains("type_info") : nullptr;
        return info != nullptr && info->is_object() && text_of(info->get_object(), "type") == "two-path";
    });
}

/// Mender's side first: what a deployment still needs is refused there, and nothing has changed.
Outcome remove(const Server& server, const std::string& name, const Shell& shell) {
    const auto artifacts = server.list(std::string(artifacts_path));
    if (!artifacts) return artifacts.error();
    std::uint64_t removed = 0;
    for (const auto& value : *artifacts) {
        if (!value.is_object()) continue;
        const auto& artifact = value.get_object();
        if (text_of(artifact, "name") != name || !is_ours(artifact)) continue;
        const auto id = text_of(artifact, "id");
        if (auto gone = server.remove(std::string(artifacts_path) + "/" + encoded(id)); !gone)
            return gone.error();
        ++removed;
    }
    auto gone = server.remove(own_path("/releases/" + encoded(name)));
    // A release that only Mender knew is gone now as well.
    if (!gone && !(gone.error().code == Errc::not_found && removed > 0)) return gone.error();
    if (shell.json) print_json(shell.out, json::object{{"removed", name}});
    shell.note("Removed " + name + ".");
    return 0;
}

} // namespace

Outcome releases(const std::vector<std::string>& arguments, Shell& shell) {
    CommandLine line("releases [remove NAME]",
                     "Lists the releases, newest first, or removes one from the plugin and from Mender.");
    const auto parsed = line.parse(arguments, 2, shell);
    if (!parsed) return parsed.error();
    if (!*parsed) return 0;
    const auto words = (*parsed)->words();
    if (!words.empty() && words.front() != "remove")
        return wrong_usage("`" + words.front() + "` is not `remove`");
    if (words.size() == 1) return wrong_usage("`remove` needs the release's name");
    const auto server = Server::open(shell);
    if (!server) return server.error();
    return words.empty() ? show_releases(*server, shell) : remove(*server, words[1], shell);
}

} // namespace two_path::cli
