/// How the last attempt ended: kept when its record goes, for the inventory and for people.
#pragma once

#include "protocol/error.hpp"
#include "protocol/messages.hpp"
#include "update-module/record.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace two_path::device {

struct LastResult {
    std::string release;
    std::string version;                              ///< that the release expects
    std::string result;                               ///< `committed`, `rolled_back` or `failed`
    std::string reason;                               ///< the stable name of why not; empty when committed
    std::optional<messages::TransferReport> transfer; ///< none: it did not come to its end
    std::int64_t ended{0};                            ///< UNIX time, seconds, by the device's clock
};

/// What an attempt came to whose record goes now.
[[nodiscard]] LastResult result_of(const Record& record, std::int64_t now);

/// `<state_dir>/last.json`, durably. io_error, no_room.
[[nodiscard]] Result<void> write_last_result(const std::string& state_dir, const LastResult& last);
/// None when there was no attempt, or the file cannot be believed.
[[nodiscard]] std::optional<LastResult> read_last_result(const std::string& state_dir);

/// Lines `two_path_...=value` as a Mender inventory script prints them, one value to a name; with
/// `two_path_last_result=none` before the first attempt.
[[nodiscard]] std::string inventory_text(const std::optional<LastResult>& last);
/// For `two-path-device status --json`; null for none.
[[nodiscard]] json::value to_json(const std::optional<LastResult>& last);

} // namespace two_path::device
