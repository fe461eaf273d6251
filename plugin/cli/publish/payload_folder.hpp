/// Payloads in a folder, on their way from where a release is made to a server that is not asked there.
#pragma once

#include "plugin/cli/server.hpp"
#include "protocol/descriptor.hpp"

#include <filesystem>

namespace two_path::cli {

/// Writes one file's bytes for the wire to `folder`, whole or not at all, under their id; makes the folder.
/// What is there under that id is replaced. io_error with the path and the system's message; what the stream
/// fails with.
[[nodiscard]] Result<void> keep_payload(const std::filesystem::path& folder, publishing::WireStream& stream);

/// Stores in the plugin all that the descriptor needs. bad_request for a file that is missing in `folder`, or
/// not the one that is described; what the server fails with.
[[nodiscard]] Result<void> store_payloads(const std::filesystem::path& folder, const Descriptor& descriptor,
                                          const Server& server);

} // namespace two_path::cli
