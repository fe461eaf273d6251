/// The working directory in which the inner module finds what Mender would have given it.
#pragma once

#include "protocol/descriptor.hpp"

#include <string>

namespace two_path::install {

/// `<TREE>/inner`, beside our own files in the tree that the Mender client made for us and removes after
/// Cleanup. Layout: Mender's Documentation/update-modules-v3-file-api.md.
[[nodiscard]] std::string inner_tree_of(const std::string& outer_tree);

/// Builds it anew: version, current_*, header/, tmp/; the header is the outer artifact's, with the inner
/// type, type-info and meta-data of the descriptor. bad_descriptor when the outer tree's header-info is none;
/// io_error, no_room.
[[nodiscard]] Result<void> make_inner_tree(const std::string& outer_tree, const Descriptor& descriptor);

} // namespace two_path::install
