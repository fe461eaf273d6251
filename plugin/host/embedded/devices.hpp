/// The devices that have asked to come in, and the operator's word on them.
#pragma once

#include "plugin/host/embedded/auth_sets.hpp"
#include "plugin/state/database.hpp"
#include "protocol/json.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace two_path::host::embedded {

/// All times are UNIX milliseconds.
struct Device {
    std::string id;
    json::object identity; ///< what it calls itself
    std::optional<std::string> group;
    std::int64_t created{0};
    std::int64_t updated{0};
    std::int64_t checked_in{0}; ///< its last request, to ten minutes
    std::vector<AuthSet> auth_sets;

    /// `accepted` when one of its keys is, else `pending` when one waits, else `rejected`.
    [[nodiscard]] std::string_view status() const;
};

/// Which devices a list asks for; empty members do not restrict.
struct DeviceFilter {
    std::vector<std::string> statuses;
    std::vector<std::string> ids;
    std::string group;
};

/// Part of a list.
struct Page {
    std::int64_t offset{0};
    std::int64_t limit{20};
};

[[nodiscard]] std::optional<Device> find_device(state::Database& database, std::string_view id);
/// In the order of their creation.
[[nodiscard]] std::vector<Device> list_devices(state::Database& database, const DeviceFilter& filter,
                                               Page page);
[[nodiscard]] std::int64_t count_devices(state::Database& database, const DeviceFilter& filter);
/// Whether one of its keys is accepted; false for a device that is not there.
[[nodiscard]] bool is_accepted(state::Database& database, const std::string& device);
/// The ids of all accepted devices, of one group when `group` is not empty.
[[nodiscard]] std::vector<std::string> accepted_devices(state::Database& database, const std::string& group);

/// Accepting a key rejects the device's other accepted ones. Bearer tokens from before do not hold after a
/// change. not_found.
[[nodiscard]] Result<void> set_status(state::Database& database, const std::string& device,
                                      const std::string& auth_set, const std::string& status,
                                      std::int64_t now);
/// Forgets one key; the device stays. not_found.
[[nodiscard]] Result<void> remove_auth_set(state::Database& database, const std::string& device,
                                           const std::string& auth_set, std::int64_t now);
/// The device that holds this token has to ask for another one. False: no device holds it.
bool revoke_token(state::Database& database, std::string_view token);
/// Forgets the device; its unfinished deployments end as `decommissioned`. not_found.
[[nodiscard]] Result<void> decommission(state::Database& database, const std::string& device,
                                        std::int64_t now);

/// The accepted device behind a token's id.
[[nodiscard]] std::optional<std::string> device_by_token(state::Database& database, std::string_view token);
/// The device has asked for something, so nobody keeps it from the server. Kept to ten minutes.
void note_contact(state::Database& database, const std::string& device, std::int64_t now);

} // namespace two_path::host::embedded
