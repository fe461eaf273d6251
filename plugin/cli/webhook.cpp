#include "plugin/cli/command.hpp"
#include "plugin/cli/command_line.hpp"
#include "plugin/cli/print.hpp"
#include "plugin/cli/server.hpp"

#include <utility>

namespace two_path::cli {
namespace {

Result<json::array> owed(const Server& server) {
    const auto target = own_path("/notices");
    auto answer = server.get(target);
    if (!answer) return answer.error();
    if (!answer->is_array()) return fail(Errc::no_route, target + ": the answer is not a list");
    return std::move(answer->get_array());
}

Outcome show_notices(const Server& server, const Shell& shell) {
    const auto list = owed(server);
    if (!list) return list.error();
    if (shell.json) {
        print_json(shell.out, *list);
        return 0;
    }
    Table table({"SESSION", "STATE", "ATTEMPTS", "SINCE", "NEXT", "LAST ERROR"});
    for (const auto& value : *list) {
        if (!value.is_object()) continue;
        const auto& notice = value.get_object();
        const bool dead = text_of(notice, "dead") == "true";
        table.add({text_of(notice, "session"), dead ? "dead" : "owed", text_of(notice, "attempts"),
                   local_time(text_of(notice, "since")), dead ? "" : local_time(text_of(notice, "due")),
                   text_of(notice, "error")});
    }
    table.print(shell.out);
    return 0;
}

Result<std::vector<std::string>> dead_ones(const Server& server) {
    const auto list = owed(server);
    if (!list) return list.error();
    std::vector<std::string> sessions;
    for (const auto& value : *list)
        if (value.is_object() && text_of(value.get_object(), "dead") == "true")
            sessions.push_back(text_of(value.get_object(), "session"));
    return sessions;
}

Outcome decide_notices(const Server& server, const std::string& verb,
                       const std::vector<std::string>& sessions, const Shell& shell) {
    json::array done;
    for (const auto& session : sessions) {
        const auto target = own_path("/notices/" + encoded(session));
        const auto decided =
            verb == "remove" ? server.remove(target) : server.put(target + "/retry", json::object());
        if (!decided) return fail(decided.error().code, "session " + session + ": " + decided.error().detail);
        done.emplace_back(session);
        shell.note(session + (verb == "remove" ? " removed" : " is told again"));
    }
    if (sessions.empty()) shell.note("There are no dead letters.");
    if (shell.json) print_json(shell.out, json::object{{verb, std::move(done)}});
    return 0;
}

} // namespace

Outcome webhook(const std::vector<std::string>& arguments, Shell& shell) {
    CommandLine line(
        "webhook [retry|remove SESSION...|--all]",
        "Lists the results that the external unit has not taken, dead letters first; has them told\n"
        "again at once, or removes them.");
    line.flag("all", "every dead letter");
    const auto parsed = line.parse(arguments, 10'000, shell);
    if (!parsed) return parsed.error();
    if (!*parsed) return 0;
    const auto& given = **parsed;
    auto words = given.words();
    const auto verb = words.empty() ? std::string() : words.front();
    if (!words.empty()) words.erase(words.begin());
    if (!verb.empty() && verb != "retry" && verb != "remove")
        return wrong_usage("`" + verb + "` is neither `retry` nor `remove`");
    if (verb.empty() && given.flag("all")) return wrong_usage("--all: needs `retry` or `remove`");
    if (!verb.empty() && words.empty() != given.flag("all"))
        return wrong_usage("`" + verb + "` needs either sessions or --all");

    const auto server = Server::open(shell);
    if (!server) return server.error();
    if (verb.empty()) return show_notices(*server, shell);
    if (!given.flag("all")) return decide_notices(*server, verb, words, shell);
    const auto dead = dead_ones(*server);
    if (!dead) return dead.error();
    return decide_notices(*server, verb, *dead, shell);
}

} // namespace two_path::cli
