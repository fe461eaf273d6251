/// A small JSON file that carries its own digest: what a worn-out storage changed in it is not believed.
#pragma once

#include "protocol/error.hpp"
#include "protocol/json.hpp"

#include <string>
#include <string_view>

namespace two_path::device {

/// The object's text, and as its last field `seal`, the SHA-256 of all before that field. `object` must not
/// be empty.
[[nodiscard]] std::string sealed(const json::object& object);
/// bad_request when `text` is not as it was sealed. One without a seal passes: an earlier release wrote it.
[[nodiscard]] Result<void> check_seal(std::string_view text);

} // namespace two_path::device
