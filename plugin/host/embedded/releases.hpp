/// Releases: all artifacts of one name, and what operators say of them.
#pragma once

#include "plugin/host/embedded/devices.hpp"
#include "plugin/state/database.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace two_path::host::embedded {

/// Which releases a list asks for, and in which order; empty members do not restrict.
struct ReleaseFilter {
    std::string name; ///< part of it, without regard to case
    std::vector<std::string> tags;
    std::string update_type;       ///< of one of its artifacts' payloads
    std::string order{"name:asc"}; ///< as is_release_order() lets it through
};

/// `name`, `modified`, `artifacts_count` or `tags`, with `:asc` or `:desc`.
[[nodiscard]] bool is_release_order(std::string_view text) noexcept;
[[nodiscard]] std::vector<std::string> release_names(state::Database& database, const ReleaseFilter& filter,
                                                     Page page);
[[nodiscard]] std::int64_t count_releases(state::Database& database, const ReleaseFilter& filter);

[[nodiscard]] std::string notes_of(state::Database& database, const std::string& release);
void set_notes(state::Database& database, const std::string& release, const std::string& notes);
/// In alphabetical order.
[[nodiscard]] std::vector<std::string> tags_of(state::Database& database, const std::string& release);
/// Instead of those it had. bad_request: over 20, or one that is no tag (1 to 128 bytes, no control
/// characters); conflict: over 100 different ones of all releases.
[[nodiscard]] Result<void> set_tags(state::Database& database, const std::string& release,
                                    const std::vector<std::string>& tags);
/// Of all releases, in alphabetical order.
[[nodiscard]] std::vector<std::string> all_release_tags(state::Database& database);
[[nodiscard]] std::vector<std::string> all_update_types(state::Database& database);

} // namespace two_path::host::embedded
