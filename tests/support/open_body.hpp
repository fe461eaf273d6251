/// A file as an answer's body.
#pragma once

#include "plugin/control/http.hpp"

#include <filesystem>

#include <fcntl.h>

namespace two_path::tests {

/// All of `file`, which is there.
inline control::FileBody open_body(const std::filesystem::path& file) {
    ftp::Descriptor opened(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
    return control::FileBody::of(std::move(opened), std::filesystem::file_size(file));
}

} // namespace two_path::tests
