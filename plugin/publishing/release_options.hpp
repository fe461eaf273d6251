/// What the publisher says of a release, whatever it is made of; also as the JSON of a request.
#pragma once

#include "protocol/descriptor.hpp"
#include "protocol/json.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace two_path::publishing {

struct ReleaseOptions {
    std::string name; ///< empty: made of the file's name and the version, or the wrapped artifact's name
    std::string version;
    std::string stream; ///< empty: the installer's type
    std::uint64_t sequence{0};
    std::vector<std::string> allow_from;
    std::string version_file; ///< empty: the device's version command
    bool version_check{true};
    Reboot reboot{Reboot::as_installer};
    Encoding encoding{Encoding::none};
    std::uint64_t block_size{1024 * 1024};
    bool ask_device{false};
};

[[nodiscard]] json::object to_json(const ReleaseOptions& options);
/// The inverse. bad_request names the field; values that a descriptor may not have are found when one is
/// made.
[[nodiscard]] Result<ReleaseOptions> parse_release_options(const json::object& object);

} // namespace two_path::publishing
