/// Files of the operator's that hold a secret: a token, a key.
#pragma once

#include "protocol/error.hpp"

#include <cstddef>
#include <filesystem>
#include <string>

namespace two_path {

/// The whole file, without line ends and blanks behind the secret. bad_configuration, with the path: it
/// cannot be read, is over `limit` bytes, or others than its owner may use it; its group may read it.
[[nodiscard]] Result<std::string> read_secret_file(const std::filesystem::path& file, std::size_t limit);

} // namespace two_path
