/// A stand-in for the Mender client's authentication service on a private D-Bus.
///
///     fake_mender_auth FOLDER
///
/// FOLDER/token and FOLDER/url hold what GetJwtToken answers (first line; no file: empty). FetchJwtToken
/// renames FOLDER/next-token over FOLDER/token and FOLDER/next-url over FOLDER/url, where they are there, and
/// sends JwtTokenStateChange unless FOLDER/no-signal is there. Each call adds a line to FOLDER/calls. With
/// FOLDER/silent it never replies. Prints `ready` once it owns its name; ends with the bus or with SIGTERM.

#include <dbus/dbus.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <string_view>

#include <csignal>
#include <sys/prctl.h>

namespace {

constexpr const char* name = "io.mender.AuthenticationManager";
constexpr const char* object = "/io/mender/AuthenticationManager";
constexpr const char* interface = "io.mender.Authentication1";

using Message = std::unique_ptr<DBusMessage, decltype(&dbus_message_unref)>;

Message own(DBusMessage* message) {
    return {message, &dbus_message_unref};
}

class State {
  public:
    explicit State(std::filesystem::path folder)
      : folder_(std::move(folder)) {}

    bool has(const char* file) const { return std::filesystem::exists(folder_ / file); }

    std::string line(const char* file) const {
        std::ifstream stream(folder_ / file);
        std::string text;
        std::getline(stream, text);
        return text;
    }
    void move(const char* from, const char* to) const {
        std::error_code ignored;
        std::filesystem::rename(folder_ / from, folder_ / to, ignored);
    }
    void log(std::string_view call) const { std::ofstream(folder_ / "calls", std::ios::app) << call << "\n"; }

  private:
    std::filesystem::path folder_;
};

void append_token(DBusMessage* message, const State& state) {
    const auto token = state.line("token");
    const auto url = state.line("url");
    const char* token_text = token.c_str();
    const char* url_text = url.c_str();
    dbus_message_append_args(message, DBUS_TYPE_STRING, &token_text, DBUS_TYPE_STRING, &url_text,
                             DBUS_TYPE_INVALID);
}

void answer(DBusConnection* bus, DBusMessage* call, const State& state) {
    const bool get = dbus_message_is_method_call(call, interface, "GetJwtToken") != FALSE;
    const bool fetch = dbus_message_is_method_call(call, interface, "FetchJwtToken") != FALSE;
    if (!get && !fetch) return;
    state.log(get ? "GetJwtToken" : "FetchJwtToken");
    if (state.has("silent")) return;
    const auto reply = own(dbus_message_new_method_return(call));
    if (get) append_token(reply.get(), state);
    if (fetch) {
        const dbus_bool_t yes = TRUE;
        dbus_message_append_args(reply.get(), DBUS_TYPE_BOOLEAN, &yes, DBUS_TYPE_INVALID);
    }
    dbus_connection_send(bus, reply.get(), nullptr);
    if (!fetch) return;
    state.move("next-token", "token");
    state.move("next-url", "url");
    if (state.has("no-signal")) return;
    const auto signal = own(dbus_message_new_signal(object, interface, "JwtTokenStateChange"));
    append_token(signal.get(), state);
    dbus_connection_send(bus, signal.get(), nullptr);
}

} // namespace

int main(int argc, char** argv) {
    if (argc != 2) {
        std::fputs("usage: fake_mender_auth FOLDER\n", stderr);
        return 2;
    }
    ::prctl(PR_SET_PDEATHSIG, SIGTERM);
    const State state(argv[1]);
    DBusError error;
    dbus_error_init(&error);
    DBusConnection* bus = dbus_bus_get(DBUS_BUS_SYSTEM, &error);
    if (bus == nullptr ||
        dbus_bus_request_name(bus, name, 0, &error) != DBUS_REQUEST_NAME_REPLY_PRIMARY_OWNER) {
        std::fprintf(stderr, "fake_mender_auth: %s\n",
                     error.message != nullptr ? error.message : "name taken");
        return 1;
    }
    std::puts("ready");
    std::fflush(stdout);
    while (dbus_connection_read_write(bus, -1) != FALSE)
        while (const auto call = own(dbus_connection_pop_message(bus)))
            answer(bus, call.get(), state);
    return 0;
}
