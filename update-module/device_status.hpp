/// What the device can tell of itself without asking anyone.
#pragma once

#include "update-module/committed.hpp"
#include "update-module/last_result.hpp"
#include "update-module/record.hpp"
#include "update-module/settings.hpp"
#include "update-module/transfer_progress.hpp"

#include <cstddef>
#include <optional>
#include <string>

namespace two_path::device {

struct Status {
    std::string state_dir;
    bool busy{false};                         ///< of the control part
    std::optional<Record> update;             ///< under way
    std::optional<TransferProgress> transfer; ///< that runs
    std::optional<LastResult> last;           ///< of the attempt before
    std::size_t owed{0};                      ///< reports
    Sequences committed;
};

[[nodiscard]] Result<Status> read_status(const Settings& settings);
/// For people.
[[nodiscard]] std::string to_text(const Status& status);
/// For scripts: one JSON object and a line end. Without secrets, as is the text.
[[nodiscard]] std::string to_json(const Status& status);

} // namespace two_path::device
