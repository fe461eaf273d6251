/// Devices by what is known of them.
#pragma once

#include "plugin/host/embedded/devices.hpp"
#include "plugin/state/database.hpp"
#include "protocol/json.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace two_path::host::embedded {

/// What all devices of an answer have in common; empty members do not restrict.
struct DeviceSearch {
    std::vector<std::string> ids;
    std::string text;    ///< part of the identity, an inventory value or a tag, without regard to case
    json::array filters; ///< `{scope, attribute, type, value}`, as check_filter() lets them through
    json::array order;   ///< at most two of `{scope, attribute, order}`, order `asc` or `desc`
};

/// bad_request with what is wrong: a member is missing, or an operator that this host does not serve.
[[nodiscard]] Result<void> check_filter(const json::object& filter);

/// In the order asked for, then of their creation. The work is in proportion to all devices.
[[nodiscard]] std::vector<Device> search_devices(state::Database& database, const DeviceSearch& search,
                                                 Page page);
[[nodiscard]] std::int64_t count_found(state::Database& database, const DeviceSearch& search);

/// How many devices have a value of this name.
struct Filterable {
    std::string scope;
    std::string name;
    std::int64_t devices{0};
};
/// The commonest first, at most 500.
[[nodiscard]] std::vector<Filterable> filterable(state::Database& database);

} // namespace two_path::host::embedded
