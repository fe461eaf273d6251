#include "plugin/user_command.hpp"

#include "plugin/command_audit.hpp"
#include "plugin/host/embedded/embedded_host.hpp"
#include "plugin/prompt.hpp"
#include "plugin/state_folder.hpp"
#include "protocol/encoding.hpp"

#include <unistd.h>

namespace two_path {
namespace {

Result<std::string> ask_password(const std::string& email) {
    auto password = ask_secret("Password for " + email + ": ");
    if (!password || ::isatty(STDIN_FILENO) == 0) return password;
    auto again = ask_secret("The same again: ");
    if (!again) return again.error();
    const bool same = *password == *again;
    wipe(*again);
    if (same) return password;
    wipe(*password);
    return fail(Errc::bad_request, "the two passwords differ; try again");
}

/// What is done with the password that was asked for.
using Change = Result<void> (*)(state::Database&, std::string_view email, std::string_view password);

Result<void> with_password(const Settings& settings, const std::string& email, Change change,
                           const std::string& action) {
    const auto user = system_user();
    if (settings.host.type != "embedded")
        return fail(Errc::bad_configuration, settings.place_of("host.type") +
                                                 ": operators are users of the " + settings.host.type +
                                                 " server; change them there");
    auto prepared = prepare_state_folder(settings.state_dir);
    if (prepared) prepared = act_as_owner(settings.state_dir);
    if (!prepared)
        return fail(prepared.error().code, settings.place_of("state_dir") + ": " + prepared.error().detail);
    auto database = host::open_embedded_database(settings.state_dir);
    if (!database) return database.error();
    auto password = ask_password(email);
    if (!password) return password.error();
    auto changed = change(*database, email, *password);
    wipe(*password);
    if (changed) note_command(settings, user, action, email);
    return changed;
}

} // namespace

Result<void> create_user(const Settings& settings, const std::string& email) {
    return with_password(settings, email, host::create_user, "user.create");
}

Result<void> set_password(const Settings& settings, const std::string& email) {
    return with_password(settings, email, host::set_password, "user.change");
}

} // namespace two_path
