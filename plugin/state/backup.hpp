/// Copies of a database that is in use.
#pragma once

#include "protocol/error.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace two_path::state {

/// A whole copy of `from`, which must be no link, as it is at one moment, mode 0600, whoever else is just
/// writing there; of `empty` the copy has the table and no row, nor a row's bytes. No schema changes. `to`
/// must not exist. conflict: it does; bad_configuration: `from` is no database; io_error, no_room.
[[nodiscard]] Result<void> copy_database(const std::filesystem::path& from, const std::filesystem::path& to,
                                         const std::string& empty = {});

/// The payloads that the releases of a two-path.db have. What copy_database() fails with.
[[nodiscard]] Result<std::vector<std::string>> payloads_of_releases(const std::filesystem::path& database);
/// The files that the artifacts of the embedded host's host.db lie in.
[[nodiscard]] Result<std::vector<std::string>> files_of_artifacts(const std::filesystem::path& database);

} // namespace two_path::state
