/// The table of settings: each key's name, meaning and check, in one place for file, command line and help.
#pragma once

#include "plugin/config.hpp"

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace two_path {

struct ConfigKey {
    const char* name;     ///< `section.key`
    const char* argument; ///< what `--help` shows for the value
    const char* help;
    /// Checks the values and sets them; what is wrong and what to do, or nothing.
    std::function<std::optional<std::string>(Settings&, const std::vector<std::string>&)> apply;
    bool repeatable{false};
};

/// In the order of `--help`.
[[nodiscard]] std::span<const ConfigKey> config_keys();

/// Two settings that do not go together.
struct ConfigConflict {
    std::string key; ///< the one to change
    std::string what;
};
[[nodiscard]] std::optional<ConfigConflict> find_conflict(const Settings& settings);

/// The part of both that concerns `[webhook]`, `[retention]`, `[log]` and `[audit]`.
[[nodiscard]] std::span<const ConfigKey> operations_keys();
[[nodiscard]] std::optional<ConfigConflict> find_operations_conflict(const Settings& settings);

} // namespace two_path
