/// The device's own end of the second path in push, as it told the plugin over the first one.
#pragma once

#include "protocol/certification.hpp"
#include "update-module/bulk/port_reservation.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace two_path::bulk {

struct PushPath {
    std::string listen;    ///< address of this machine, a literal
    std::uint16_t port{0}; ///< reserved
    PortRange data_ports;
    std::vector<std::string> push_from; ///< addresses, literals: nobody else gets in
    std::string session;
    /// The first certification information. It stays in this process: the one that talks FTP never has it.
    Certification certification;

    /// For people.
    [[nodiscard]] std::string name() const { return "on " + listen + " port " + std::to_string(port); }
};

} // namespace two_path::bulk
