/// Which Mender server, and how the plugin knows its devices' tokens.
#pragma once

#include "plugin/clock.hpp"
#include "plugin/control/https_client.hpp"

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace two_path::host {

/// Who says whether a device's bearer token holds.
enum class Verification : std::uint8_t {
    gateway,    ///< the server's public API
    deviceauth, ///< Mender's internal service, where the plugin is in its network
    offline,    ///< the signature alone: sees no revocation
};

/// The URL of deviceauth's verify endpoint.
struct VerifyUrl {
    control::Origin origin;
    bool plain{false};  ///< `http://`
    std::string target; ///< the path

    /// Reads `http[s]://HOST[:PORT]/PATH`; anything else is bad_request.
    [[nodiscard]] static Result<VerifyUrl> parse(std::string_view url);
};

struct MenderSettings {
    control::Origin server;           ///< its gateway
    std::filesystem::path ca_file;    ///< PEM; empty: the system's authorities
    std::filesystem::path token_file; ///< holds the personal access token
    Verification verification{Verification::gateway};
    VerifyUrl verify_url;             ///< with `deviceauth`
    std::filesystem::path verify_key; ///< with `offline`: PEM, the public half of deviceauth's key
    Clock clock{Clock::system()};
};

} // namespace two_path::host
