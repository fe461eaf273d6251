#include "plugin/cli/command.hpp"
#include "plugin/cli/command_line.hpp"
#include "plugin/cli/print.hpp"
#include "plugin/cli/progress_bar.hpp"
#include "plugin/cli/publish/options.hpp"
#include "plugin/cli/server.hpp"
#include "plugin/durable_file.hpp"

#include <utility>

namespace two_path::cli {
namespace {

CommandLine command_line() {
    CommandLine line(
        "import [RELEASE --version V --version-file PATH[:KEY] [OPTIONS]]",
        "Makes a release of two-path, RELEASE+two-path, of one that is in Mender with its whole\n"
        "artifact: the plugin fetches that once. A signed one gives an artifact that you sign.\n"
        "Without RELEASE it lists the imports, with the reason of those that failed.");
    add_release_options(line);
    line.option("output", "FILE", "where to write the small artifact when it must be signed");
    return line;
}

/// Until it has ended: the answer's object.
Result<json::object> wait_for_end(const Server& server, json::object import, const Shell& shell) {
    const auto release = text_of(import, "release");
    ProgressBar bar(shell, release, number_of(import, "size"));
    std::uint64_t shown = 0;
    while (text_of(import, "state") == "running") {
        shell.pause(between_looks);
        auto answer = server.get(own_path("/imports/" + encoded(release)));
        if (!answer) return answer.error();
        if (!answer->is_object()) return fail(Errc::no_route, "the answer to an import is not an object");
        import = std::move(answer->get_object());
        const auto fetched = number_of(import, "fetched");
        if (fetched > shown) bar.add(fetched - std::exchange(shown, fetched));
    }
    const auto state = text_of(import, "state");
    if (state != "failed" && state != "waiting") return import;
    return fail(errc_from_reason(text_of(import, "reason")).value_or(Errc::internal),
                text_of(import, "detail") + (state == "waiting" ? "; the plugin tries again by itself" : ""));
}

Outcome list_imports(Shell& shell) {
    const auto server = Server::open(shell);
    if (!server) return server.error();
    const auto imports = server->get(own_path("/imports"));
    if (!imports) return imports.error();
    if (shell.json) {
        print_json(shell.out, *imports);
        return 0;
    }
    Table table({"RELEASE", "STATE", "ATTEMPTS", "REASON"});
    for (const auto& value : imports->is_array() ? imports->get_array() : json::array()) {
        if (!value.is_object()) continue;
        const auto& import = value.get_object();
        const auto reason = text_of(import, "reason");
        table.add({text_of(import, "release"), text_of(import, "state"),
                   std::to_string(number_of(import, "attempts")),
                   reason.empty() ? reason : reason + ": " + text_of(import, "detail")});
    }
    table.print(shell.out);
    return 0;
}

Outcome write_unsigned(const Server& server, const std::string& twin, const std::string& output,
                       const Shell& shell) {
    const auto artifact = server.get_bytes(own_path("/releases/" + encoded(twin) + "/artifact"));
    if (!artifact) return artifact.error();
    if (auto written = write_durably(output, *artifact, 0644); !written) return written.error();
    shell.note("Stored the payload of " + twin + ". Sign " + output + ", then `two-path publish --upload " +
               output + "`.");
    return 0;
}

} // namespace

Outcome import(const std::vector<std::string>& arguments, Shell& shell) {
    const auto given = command_line().parse(arguments, 1, shell);
    if (!given) return given.error();
    if (!*given) return 0;
    const auto words = (*given)->words();
    if (words.empty()) return list_imports(shell);
    const auto options = read_release_options(**given, shell);
    if (!options) return options.error();
    const auto server = Server::open(shell);
    if (!server) return server.error();

    auto request = publishing::to_json(*options);
    request["release"] = words.front();
    auto begun = server->post_object(own_path("/imports"), request);
    if (!begun) return begun.error();
    const auto ended = wait_for_end(*server, std::move(*begun), shell);
    if (!ended) return ended.error();
    if (shell.json) print_json(shell.out, *ended);
    const auto twin = text_of(*ended, "twin");
    const auto output = (*given)->text("output");
    const bool awaits = text_of(*ended, "state") == "awaits_signature";
    if (awaits && !output.empty()) return write_unsigned(*server, twin, output, shell);
    if (awaits)
        shell.warn(twin + " awaits its signature, as " + words.front() +
                   " has one: repeat the command with --output FILE, sign that, and `two-path publish "
                   "--upload FILE`");
    else
        shell.note("Imported " + words.front() + " as " + twin + ".");
    return 0;
}

} // namespace two_path::cli
