/// The plugin's end of the second path, as the first path named it.
#pragma once

#include "protocol/certification.hpp"

#include <cstdint>
#include <string>

namespace two_path::bulk {

struct SecondPath {
    std::string host; ///< name or address
    std::uint16_t port{0};
    std::string session;
    /// The first certification information. It stays in this process: the one that talks FTP never has it.
    Certification certification;

    /// `HOST:PORT`, for people.
    [[nodiscard]] std::string name() const { return host + ":" + std::to_string(port); }
};

} // namespace two_path::bulk
