/// What the plugin finds when it looks at itself: certificate, clock, disk, host framework, results owed.
#pragma once

#include "plugin/control/operator_api.hpp"

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace two_path::control {

/// Where to look.
struct DoctorFacts {
    std::filesystem::path certificate; ///< PEM, the chain
    std::vector<std::string> names;    ///< that it should have
    std::filesystem::path state_dir;
    std::string second_path_host; ///< told to devices; empty: as they reached HTTPS
    std::uint16_t second_path_port{0};
};

/// `GET /doctor`; the checks in the order in which trouble with one explains trouble with the next.
awaitable<Response> diagnose(const OperatorContext& context, Request& request);

} // namespace two_path::control
