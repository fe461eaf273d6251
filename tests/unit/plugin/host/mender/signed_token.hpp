/// Tokens as a Mender server signs them.
#pragma once

#include "tests/unit/plugin/host/test_key.hpp"

#include <string>
#include <string_view>

namespace two_path::tests {

/// A JWT of this header and these claims, both JSON.
inline std::string signed_token(const TestKey& key, std::string_view header, std::string_view claims) {
    auto token = to_base64url(bytes_of(header)) + "." + to_base64url(bytes_of(claims));
    const auto signature = from_base64(key.sign(token)).value();
    return token + "." + to_base64url(signature);
}

} // namespace two_path::tests
