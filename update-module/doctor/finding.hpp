/// What the device's doctor says of one thing that it looked at.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace two_path::device {

enum class Health : std::uint8_t {
    ok,
    warning, ///< updates go on, but look at it
    failed,  ///< updates do not go through
};

struct Finding {
    std::string check; ///< stable name of what was looked at
    Health health{Health::ok};
    std::string detail; ///< what was found; never a secret
    std::string advice; ///< what to do; empty when there is nothing
    bool operator==(const Finding&) const = default;
};

using Findings = std::vector<Finding>;

[[nodiscard]] bool any_failed(const Findings& findings);
/// For people: a line each, and one more with the advice where something is not well. Control characters of
/// what others said become `?`.
[[nodiscard]] std::string to_text(const Findings& findings);
/// For scripts: one JSON array and a line end, in the form of `two-path doctor --json`.
[[nodiscard]] std::string to_json(const Findings& findings);

} // namespace two_path::device
