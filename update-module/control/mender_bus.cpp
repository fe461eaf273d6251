#include "update-module/control/mender_bus.hpp"

#include <dbus/dbus.h>

#include <algorithm>
#include <cstdlib>
#include <new>
#include <string_view>

namespace two_path::control {
namespace {

constexpr milliseconds call_time{
    8'000}; ///< client 3.4 answers only after its forwarder has shut down, within 5 s
constexpr std::size_t max_token = std::size_t{16} * 1024;
constexpr const char* default_address = "unix:path=/var/run/dbus/system_bus_socket";
constexpr const char* mender_name = "io.mender.AuthenticationManager";
constexpr const char* mender_object = "/io/mender/AuthenticationManager";
constexpr const char* mender_interface = "io.mender.Authentication1";
constexpr const char* changed_signal = "JwtTokenStateChange";
constexpr const char* changed_rule = "type='signal',sender='io.mender.AuthenticationManager',"
                                     "interface='io.mender.Authentication1',member='JwtTokenStateChange'";

/// libdbus's error, freed.
class BusError {
  public:
    BusError() { dbus_error_init(&error_); }
    BusError(const BusError&) = delete;
    BusError& operator=(const BusError&) = delete;
    ~BusError() { dbus_error_free(&error_); }
    DBusError* get() { return &error_; }

    Error as_error() const {
        const std::string_view name = error_.name != nullptr ? error_.name : "";
        if (name == DBUS_ERROR_SERVICE_UNKNOWN || name == DBUS_ERROR_NAME_HAS_NO_OWNER)
            return fail(Errc::no_token,
                        std::string(mender_name) + " is not on the D-Bus: no Mender client runs");
        if (name == DBUS_ERROR_ACCESS_DENIED)
            return fail(Errc::no_token, "the D-Bus lets only root talk to the Mender client");
        if (name == DBUS_ERROR_NO_REPLY || name == DBUS_ERROR_TIMEOUT)
            return fail(Errc::no_token, "the Mender client does not answer on the D-Bus");
        return fail(Errc::no_token,
                    std::string("D-Bus: ") + (error_.message != nullptr ? error_.message : "?"));
    }

  private:
    DBusError error_{};
};

struct TokenText {
    const char* token = nullptr;
    const char* url = nullptr;
};

/// The arguments of GetJwtToken's reply and of the signal.
bool read_token(DBusMessage* message, TokenText& text) {
    return dbus_message_get_args(message, nullptr, DBUS_TYPE_STRING, &text.token, DBUS_TYPE_STRING, &text.url,
                                 DBUS_TYPE_INVALID) != FALSE;
}

} // namespace

void MenderBus::Close::operator()(DBusConnection* connection) const noexcept {
    dbus_connection_close(connection);
    dbus_connection_unref(connection);
}

void MenderBus::Release::operator()(DBusMessage* message) const noexcept {
    dbus_message_unref(message);
}

MenderBus::MenderBus(std::unique_ptr<DBusConnection, Close> connection)
  : connection_(std::move(connection)) {}

Result<MenderBus> MenderBus::open(Deadline deadline) {
    const char* address = std::getenv("DBUS_SYSTEM_BUS_ADDRESS");
    BusError error;
    std::unique_ptr<DBusConnection, Close> connection(
        dbus_connection_open_private(address != nullptr ? address : default_address, error.get()));
    if (!connection) return error.as_error();
    dbus_connection_set_exit_on_disconnect(connection.get(), FALSE);
    MenderBus bus(std::move(connection));
    // libdbus's own registration would wait for as long as it likes.
    Message hello(
        dbus_message_new_method_call(DBUS_SERVICE_DBUS, DBUS_PATH_DBUS, DBUS_INTERFACE_DBUS, "Hello"));
    const auto greeted = bus.call(std::move(hello), deadline);
    if (!greeted) return greeted.error();
    const char* name = nullptr;
    if (dbus_message_get_args(greeted->get(), nullptr, DBUS_TYPE_STRING, &name, DBUS_TYPE_INVALID) == FALSE ||
        dbus_bus_set_unique_name(bus.connection_.get(), name) == FALSE)
        return fail(Errc::no_token, "the D-Bus gives no name");
    return bus;
}

MenderBus::Message MenderBus::mender_call(const char* method) {
    return Message(dbus_message_new_method_call(mender_name, mender_object, mender_interface, method));
}

Result<MenderBus::Message> MenderBus::call(Message message, Deadline deadline) {
    if (!message) throw std::bad_alloc();
    const auto time = std::clamp(deadline.left(), milliseconds(1), call_time);
    BusError error;
    Message reply(dbus_connection_send_with_reply_and_block(connection_.get(), message.get(),
                                                            static_cast<int>(time.count()), error.get()));
    if (!reply) return error.as_error();
    return reply;
}

Result<Access> MenderBus::get_token(Deadline deadline) {
    const auto reply = call(mender_call("GetJwtToken"), deadline);
    if (!reply) return reply.error();
    TokenText text;
    if (!read_token(reply->get(), text))
        return fail(Errc::no_token, "GetJwtToken answers something else than a token and a URL");
    Access access;
    access.token = text.token;
    access.url = text.url;
    if (access.token.size() > max_token || access.url.size() > max_token)
        return fail(Errc::no_token, "GetJwtToken answers more than 16 KiB");
    return access;
}

Result<void> MenderBus::subscribe(Deadline deadline) {
    Message message(
        dbus_message_new_method_call(DBUS_SERVICE_DBUS, DBUS_PATH_DBUS, DBUS_INTERFACE_DBUS, "AddMatch"));
    if (!message ||
        dbus_message_append_args(message.get(), DBUS_TYPE_STRING, &changed_rule, DBUS_TYPE_INVALID) == FALSE)
        throw std::bad_alloc();
    const auto reply = call(std::move(message), deadline);
    if (!reply) return reply.error();
    return {};
}

Result<void> MenderBus::fetch_token(Deadline deadline) {
    const auto reply = call(mender_call("FetchJwtToken"), deadline);
    if (!reply) return reply.error();
    return {};
}

bool MenderBus::take_signals() {
    bool changed = false;
    while (const Message message{dbus_connection_pop_message(connection_.get())}) {
        TokenText text;
        if (dbus_message_is_signal(message.get(), mender_interface, changed_signal) != FALSE &&
            read_token(message.get(), text) && *text.token != '\0')
            changed = true;
    }
    return changed;
}

bool MenderBus::token_changed(milliseconds time) {
    // It may have come with the reply to an earlier call.
    if (take_signals()) return true;
    dbus_connection_read_write(connection_.get(), static_cast<int>(time.count()));
    return take_signals();
}

} // namespace two_path::control
