/// A TCP port that is ours from the moment the plugin hears of it (push).
#pragma once

#include "ftp/descriptor.hpp"
#include "ftp/port_range.hpp"
#include "protocol/error.hpp"

#include <cstdint>
#include <string>

namespace two_path::bulk {

using ftp::PortRange;

/// Bound, but not listened on: connections are refused until a server, which must allow address reuse, does.
class PortReservation {
  public:
    /// `address`: of this machine, a literal. `ports`: both 0 is any that the kernel gives. bad_configuration
    /// when it is none, or not this machine's, or all ports are taken.
    [[nodiscard]] static Result<PortReservation> take(const std::string& address, PortRange ports);

    [[nodiscard]] std::uint16_t port() const noexcept { return port_; }

  private:
    PortReservation(ftp::Descriptor socket, std::uint16_t port) noexcept
      : socket_(std::move(socket))
      , port_(port) {}

    ftp::Descriptor socket_;
    std::uint16_t port_;
};

} // namespace two_path::bulk
