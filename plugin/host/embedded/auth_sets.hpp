/// The keys that devices have shown, and which of them may come in: Mender's authentication sets.
#pragma once

#include "plugin/host/embedded/embedded_host.hpp"
#include "plugin/state/database.hpp"
#include "protocol/json.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace two_path::host::embedded {

/// What devices ask is noted no more often: a fleet asks much, and each write waits for the disk.
inline constexpr std::int64_t noted_every = std::chrono::milliseconds(std::chrono::minutes(10)).count();

/// One key of a device. Times are UNIX milliseconds.
struct AuthSet {
    std::string id;
    std::string device;
    std::string public_key; ///< PEM
    std::string status;     ///< `pending`, `accepted` or `rejected`
    std::string token;      ///< `jti` of its bearer tokens
    std::int64_t created{0};
    std::int64_t asked{0}; ///< its last request, to ten minutes

    [[nodiscard]] bool accepted() const { return status == "accepted"; }
};

/// None when no device of this identity has shown this key.
[[nodiscard]] std::optional<AuthSet> find_auth_set(state::Database& database, const json::object& identity,
                                                   const std::string& public_key);
/// Those of one device, oldest first.
[[nodiscard]] std::vector<AuthSet> auth_sets_of(state::Database& database, const std::string& device);

/// A key that was not shown before, and its device where that is new too. Keys that wait, on which the
/// operator never decided, and that have not asked for as long as `settings` have patience are forgotten
/// first. busy: too many keys, of all devices or
/// of this one, wait for the operator.
[[nodiscard]] Result<AuthSet> add_auth_set(state::Database& database, const json::object& identity,
                                           const std::string& public_key, const EmbeddedSettings& settings);
/// A known key asked again.
void note_request(state::Database& database, const AuthSet& set, std::int64_t now);

} // namespace two_path::host::embedded
