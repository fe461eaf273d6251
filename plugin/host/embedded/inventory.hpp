/// What devices say of themselves, and the groups that operators sort them into.
#pragma once

#include "plugin/host/embedded/devices.hpp"
#include "plugin/state/database.hpp"
#include "protocol/json.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace two_path::host::embedded {

/// An inventory attribute, e.g. `artifact_name`.
struct Attribute {
    std::string name;
    json::value value; ///< a text, a number, or a list of these
    std::int64_t updated{0};
};

/// A text, a number or a boolean.
[[nodiscard]] bool is_plain(const json::value& value) noexcept;

/// From `[{"name","value"}]`; bad_request for anything else and over the bounds (500 attributes, names of 256
/// bytes, values of 16 KiB).
[[nodiscard]] Result<std::vector<Attribute>> parse_attributes(const json::value& body);

/// Adds and replaces by name. With `whole`, attributes that are not in `attributes` go. too_large when the
/// device would have over 500.
[[nodiscard]] Result<void> store_attributes(state::Database& database, const std::string& device,
                                            const std::vector<Attribute>& attributes, bool whole,
                                            std::int64_t now);
/// In the order of their names.
[[nodiscard]] std::vector<Attribute> attributes_of(state::Database& database, const std::string& device);

/// True for a name that a group may have: letters, digits, `_` and `-`, at most 128.
[[nodiscard]] bool is_group_name(std::string_view name) noexcept;
/// In alphabetical order.
[[nodiscard]] std::vector<std::string> group_names(state::Database& database);
/// Puts the device into a group, out of the one it was in; an empty name puts it into none. False: no such
/// device.
bool set_group(state::Database& database, const std::string& device, const std::string& group,
               std::int64_t now);

} // namespace two_path::host::embedded
