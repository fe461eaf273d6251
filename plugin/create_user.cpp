#include "plugin/create_user.hpp"

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
    return fail(Errc::bad_request, "create-user: the two passwords differ; try again");
}

} // namespace

Result<void> create_user(const Settings& settings, const std::string& email) {
    auto prepared = prepare_state_folder(settings.state_dir);
    if (prepared) prepared = act_as_owner(settings.state_dir);
    if (!prepared)
        return fail(prepared.error().code, settings.place_of("state_dir") + ": " + prepared.error().detail);
    auto database = host::open_embedded_database(settings.state_dir);
    if (!database) return database.error();
    auto password = ask_password(email);
    if (!password) return password.error();
    auto created = host::create_user(*database, email, *password);
    wipe(*password);
    return created;
}

} // namespace two_path
