/// The Mender client's authentication interface on the D-Bus, call by call.
#pragma once

#include "protocol/error.hpp"
#include "update-module/control/token.hpp"

#include <memory>

struct DBusConnection;
struct DBusMessage;

namespace two_path::control {

/// A private connection to the system bus; every call has its own time limit of at most 4 s. All fail with
/// no_token and what was wrong.
class MenderBus {
  public:
    /// `DBUS_SYSTEM_BUS_ADDRESS`, or the system bus.
    [[nodiscard]] static Result<MenderBus> open(Deadline deadline);

    /// GetJwtToken: token and URL as they are; both empty when the client is not authenticated.
    [[nodiscard]] Result<Access> get_token(Deadline deadline);
    /// Asks to be told of JwtTokenStateChange.
    [[nodiscard]] Result<void> subscribe(Deadline deadline);
    /// FetchJwtToken: the client authenticates anew.
    [[nodiscard]] Result<void> fetch_token(Deadline deadline);
    /// Waits up to `time` for the signal; whether it came with a token.
    [[nodiscard]] bool token_changed(milliseconds time);

  private:
    struct Close {
        void operator()(DBusConnection* connection) const noexcept;
    };
    struct Release {
        void operator()(DBusMessage* message) const noexcept;
    };
    using Message = std::unique_ptr<DBusMessage, Release>;

    explicit MenderBus(std::unique_ptr<DBusConnection, Close> connection);
    Result<Message> call(Message message, Deadline deadline);
    bool take_signals();
    static Message mender_call(const char* method);

    std::unique_ptr<DBusConnection, Close> connection_;
};

} // namespace two_path::control
