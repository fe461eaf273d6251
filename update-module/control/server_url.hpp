/// Where the plugin's device API is, as configured or as the Mender client says.
#pragma once

#include "protocol/error.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace two_path::control {

/// `https://HOST[:PORT][/PREFIX]` or, for loopback only, `http://...` (RFC 3986, section 3).
struct ServerUrl {
    bool secure{true};
    std::string host; ///< name or address, without brackets
    std::uint16_t port{0};
    std::string prefix; ///< of the paths; starts with `/` or is empty, ends without

    /// bad_configuration for anything else: user names, queries, fragments, `http://` to another machine.
    [[nodiscard]] static Result<ServerUrl> parse(std::string_view text);
    /// The Host field (RFC 9110, section 7.2): the port only if it is not the scheme's own.
    [[nodiscard]] std::string authority() const;
    /// What the connection is made to when no name service is to be asked: an address; empty for a name.
    [[nodiscard]] std::string literal() const;
};

} // namespace two_path::control
