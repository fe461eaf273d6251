#include "plugin/cli/command.hpp"
#include "plugin/cli/command_line.hpp"
#include "plugin/cli/print.hpp"
#include "plugin/cli/session_text.hpp"

#include "plugin/cli/server.hpp"
#include "protocol/session_state.hpp"

#include <map>
#include <ostream>
#include <utility>

namespace two_path::cli {
namespace {

/// Looks that may fail in a row before watching ends: the plugin may be restarted meanwhile.
constexpr int most_failed_looks = 60;
/// What one list may hold; the server's bound.
constexpr std::uint64_t most_listed = 1000;

Result<void> check_filters(const Arguments& given) {
    const auto limit = given.number("limit", 1);
    if (!limit) return limit.error();
    if (*limit == 0 || *limit > most_listed)
        return wrong_usage("--limit: `" + given.text("limit") + "` is not a number from 1 to " +
                           std::to_string(most_listed));
    if (!given.given("state") || session_state_from_name(given.text("state"))) return {};
    std::string names;
    for (auto state = 0; state <= static_cast<int>(SessionState::aborted); ++state)
        names.append(names.empty() ? "" : ", ").append(name_of(static_cast<SessionState>(state)));
    return wrong_usage("--state: `" + given.text("state") + "` is no state of a session; there are " + names);
}

Result<json::array> array_at(const Server& server, const std::string& target) {
    auto answer = server.get(target);
    if (!answer) return answer.error();
    if (!answer->is_array()) return fail(Errc::no_route, target + ": the answer is not a list");
    return std::move(answer->get_array());
}

std::string query_of(const Arguments& given) {
    std::string query = "/sessions?limit=" + (given.given("limit") ? encoded(given.text("limit")) : "100");
    for (const auto* filter : {"device", "release", "state"})
        if (given.given(filter)) query += std::string("&") + filter + "=" + encoded(given.text(filter));
    return own_path(query);
}

Outcome list_sessions(const Server& server, const Arguments& given, const Shell& shell) {
    const auto all = array_at(server, query_of(given));
    if (!all) return all.error();
    if (shell.json) {
        print_json(shell.out, *all);
        return 0;
    }
    Table table({"SESSION", "DEVICE", "RELEASE", "STATE", "PROGRESS", "CHANGED", "REASON"});
    for (const auto& value : *all) {
        if (!value.is_object()) continue;
        const auto& session = value.get_object();
        table.add({text_of(session, "id"), text_of(session, "device"), text_of(session, "release"),
                   text_of(session, "state"), progress_text(session), local_time(text_of(session, "changed")),
                   reason_text(session)});
    }
    table.print(shell.out);
    return 0;
}

/// One look at a session and its events.
struct Look {
    json::object session;
    json::array events;
};

Result<Look> look_at(const Server& server, const std::string& id) {
    const auto target = own_path("/sessions/" + encoded(id));
    auto session = server.get(target);
    if (!session) return session.error();
    if (!session->is_object()) return fail(Errc::no_route, target + ": the answer is no object");
    auto events = array_at(server, target + "/events");
    if (!events) return events.error();
    return Look{std::move(session->get_object()), std::move(*events)};
}

Outcome show_session(const Server& server, const std::string& id, const Shell& shell) {
    const auto look = look_at(server, id);
    if (!look) return look.error();
    if (shell.json) {
        auto whole = look->session;
        whole["events"] = look->events;
        print_json(shell.out, whole);
        return 0;
    }
    print_summary(shell.out, look->session);
    for (const auto& event : look->events)
        if (event.is_object()) shell.out << event_line(event.get_object()) << '\n';
    print_ending(shell.out, look->session);
    return 0;
}

bool may_pass(const Error& error) {
    return info(error.code).exit_code == info(Errc::unavailable).exit_code;
}

/// Prints each event as it comes (JSON Lines with --json), until the session has ended.
Outcome watch_one(const Server& server, const std::string& id, const Shell& shell) {
    std::size_t told = 0;
    std::string progress;
    int failures = 0;
    while (true) {
        const auto look = look_at(server, id);
        if (!look) {
            if (!may_pass(look.error()) || ++failures == most_failed_looks) return look.error();
            shell.pause(between_looks);
            continue;
        }
        failures = 0;
        for (; told < look->events.size(); ++told) {
            const auto& event = look->events[told];
            if (!event.is_object()) continue;
            if (shell.json)
                print_json(shell.out, event);
            else
                shell.out << event_line(event.get_object()) << '\n';
        }
        if (const auto now = progress_text(look->session);
            now != progress && !shell.json && is_moving(look->session)) {
            shell.out << "                       " << now << '\n';
            progress = now;
        }
        shell.out.flush();
        if (has_ended(look->session)) {
            if (!shell.json) print_ending(shell.out, look->session);
            return text_of(look->session, "state") == "committed" ? 0 : 1;
        }
        shell.pause(between_looks);
    }
}

/// Prints a line for each session whose state or progress changed, until it is interrupted.
Outcome watch_all(const Server& server, const Arguments& given, const Shell& shell) {
    std::map<std::string, std::string> told;
    int failures = 0;
    while (true) {
        const auto all = array_at(server, query_of(given));
        if (!all) {
            if (!may_pass(all.error()) || ++failures == most_failed_looks) return all.error();
            shell.pause(between_looks);
            continue;
        }
        failures = 0;
        for (auto at = all->rbegin(); at != all->rend(); ++at) {
            if (!at->is_object()) continue;
            const auto& session = at->get_object();
            auto& last = told[text_of(session, "id")];
            auto now = text_of(session, "state") + " " + progress_text(session);
            if (now == last) continue;
            last = std::move(now);
            if (shell.json)
                print_json(shell.out, session);
            else
                shell.out << session_line(session) << '\n';
        }
        shell.out.flush();
        if (!shell.out) return fail(Errc::io_error, "the output was closed");
        shell.pause(between_looks);
    }
}

} // namespace

Outcome sessions(const std::vector<std::string>& arguments, Shell& shell) {
    CommandLine line(
        "sessions [ID] [OPTIONS]",
        "Lists the sessions, newest first, or shows one's time line and why it failed. With --watch it\n"
        "goes on telling what happens; a session's ends with the session: 0 when it is committed, else 1.");
    line.flag("watch", "go on telling");
    line.option("device", "ID", "only of this device");
    line.option("release", "NAME", "only of this release");
    line.option("state", "STATE", "only in this state");
    line.option("limit", "N", "at most so many; default 100");
    const auto parsed = line.parse(arguments, 1, shell);
    if (!parsed) return parsed.error();
    if (!*parsed) return 0;
    const auto& given = **parsed;
    const auto words = given.words();
    for (const auto* filter : {"device", "release", "state", "limit"})
        if (!words.empty() && given.given(filter))
            return wrong_usage("--" + std::string(filter) +
                               ": chooses from the list, not within one session");
    if (auto checked = check_filters(given); !checked) return checked.error();
    const auto server = Server::open(shell);
    if (!server) return server.error();
    if (words.empty())
        return given.flag("watch") ? watch_all(*server, given, shell) : list_sessions(*server, given, shell);
    return given.flag("watch") ? watch_one(*server, words[0], shell) : show_session(*server, words[0], shell);
}

} // namespace two_path::cli
