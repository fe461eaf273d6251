/// Bearer token from a configured command, for devices whose Mender client is not on a D-Bus.
#pragma once

#include "update-module/control/token.hpp"

#include <vector>

namespace two_path::control {

/// Runs the command anew for each exchange, at most 10 s; the first line of its output (at most 16 KiB) is
/// the token. Its standard error goes to the module's own.
class TokenCommand : public TokenSource {
  public:
    /// `url`: the server, `https://...`; `command`: program, found in PATH, and its arguments.
    TokenCommand(std::string url, std::vector<std::string> command);
    Result<Access> current(Deadline deadline) override;
    /// Runs the command again; fails when it still prints the refused token.
    Result<Access> renewed(const Access& refused, Deadline deadline) override;

  private:
    std::string url_;
    std::vector<std::string> command_;
};

} // namespace two_path::control
