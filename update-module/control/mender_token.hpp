/// Bearer token and forwarder URL from the Mender client over D-Bus.
#pragma once

#include "update-module/control/token.hpp"

namespace two_path::control {

/// `io.mender.Authentication1` of mender-client 3.x and mender-auth 4 and later, on the system bus
/// (`DBUS_SYSTEM_BUS_ADDRESS`). Each call opens a connection of its own and closes it.
class MenderToken : public TokenSource {
  public:
    /// When the token is empty: FetchJwtToken once, then waits for it, at most 30 s.
    Result<Access> current(Deadline deadline) override;
    Result<Access> renewed(const Access& refused, Deadline deadline) override;
};

} // namespace two_path::control
