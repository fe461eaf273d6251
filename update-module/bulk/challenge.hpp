/// The plugin's half of the certification on the second path, as the device reads it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace two_path::bulk {

/// `certify <n_server> <proof>` (docs/protocol.md, "Second path"): a nonce and the second certification
/// information, which is compared, never parsed further.
struct Challenge {
    std::string server_nonce;
    std::string proof;
};

/// None for anything else, of any length.
[[nodiscard]] std::optional<Challenge> parse_challenge(std::string_view text);

} // namespace two_path::bulk
