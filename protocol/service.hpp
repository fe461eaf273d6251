/// What the plugin tells a device that has no session: where the second path is, and what is served.
#pragma once

#include "protocol/certification.hpp"
#include "protocol/json.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace two_path::messages {

/// `GET` of it asks; below device_api.
[[nodiscard]] std::string service_path();

/// `200` to it.
struct ServiceReply {
    std::vector<std::uint64_t> protocols; ///< that the plugin speaks
    std::vector<Mode> modes;              ///< that it serves; one that this release does not know is left out
    std::string host;                     ///< of the FTP server
    std::uint16_t port{0};
    std::uint64_t time{0}; ///< the plugin's clock, UNIX seconds

    [[nodiscard]] static Result<ServiceReply> parse(std::string_view body);
    [[nodiscard]] json::object to_json() const;
};

} // namespace two_path::messages
