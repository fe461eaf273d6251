#include "update-module/control/token_command.hpp"

#include "update-module/process.hpp"

namespace two_path::control {
namespace {

constexpr milliseconds command_time{10'000};
constexpr std::size_t max_output = std::size_t{16} * 1024;

} // namespace

TokenCommand::TokenCommand(std::string url, std::vector<std::string> command)
  : url_(std::move(url))
  , command_(std::move(command)) {}

Result<Access> TokenCommand::current(Deadline deadline) {
    const device::Command command{command_, {}, -1};
    auto ran = device::capture(command, max_output, deadline.within(command_time));
    if (!ran && ran.error().code == Errc::interrupted) return ran.error();
    if (!ran) return fail(Errc::no_token, "the token command: " + ran.error().detail);
    Access access;
    access.url = url_;
    access.token = ran->output.substr(0, ran->output.find_first_of("\r\n"));
    wipe(ran->output);
    if (!ran->exit.ok()) return fail(Errc::no_token, "the token command ended with " + ran->exit.text());
    if (access.token.empty()) return fail(Errc::no_token, "the token command printed nothing");
    return access;
}

Result<Access> TokenCommand::renewed(const Access& refused, Deadline deadline) {
    auto access = current(deadline);
    if (access && access->token == refused.token)
        return fail(Errc::no_token, "the token command still prints a token that the server refused");
    return access;
}

} // namespace two_path::control
