/// All that is known of a device, as Mender's inventory shows it: what it says of itself, what operators say
/// of it, and what the host knows.
#pragma once

#include "plugin/host/embedded/devices.hpp"
#include "plugin/host/embedded/inventory.hpp"
#include "plugin/state/database.hpp"
#include "protocol/json.hpp"

#include <string>
#include <vector>

namespace two_path::host::embedded {

struct DeviceValue {
    std::string scope; ///< `identity`, `inventory`, `system` or `tags`
    std::string name;
    json::value value;
    std::string description;             ///< of tags; else empty
    std::optional<std::int64_t> updated; ///< UNIX milliseconds, where it is known
};

/// `select` with a table `device_values (device, scope, name, value, description, updated)` for it to select
/// from; `value` is JSON.
[[nodiscard]] std::string with_device_values(std::string_view select);
/// An expression for one value of the row `d` of the table `devices`, as JSON; NULL where it has none.
/// `scope` and `name` are expressions. The same values, and many times faster than a look through that table.
[[nodiscard]] std::string value_of_device(const std::string& scope, const std::string& name);

[[nodiscard]] std::vector<DeviceValue> values_of(state::Database& database, const std::string& device);
/// As Mender's API shows it.
[[nodiscard]] json::object describe(const DeviceValue& value);
/// A device with all its values.
[[nodiscard]] json::object describe(state::Database& database, const Device& device);

struct Tag {
    std::string name;
    json::value value;
    std::string description;
};

/// From `[{"name","value","description"?}]`; bad_request for anything else and over the bounds (20 tags, and
/// those of parse_attributes()).
[[nodiscard]] Result<std::vector<Tag>> parse_tags(const json::value& body);
/// Adds and replaces by name; with `whole`, tags that are not in `tags` go. Inside a transaction of the
/// caller's. too_large when the device would have over 20.
[[nodiscard]] Result<void> store_tags(state::Database& database, const std::string& device,
                                      const std::vector<Tag>& tags, bool whole, std::int64_t now);
/// Changes with the device's tags.
[[nodiscard]] std::string tags_entity_tag(state::Database& database, const std::string& device);

} // namespace two_path::host::embedded
