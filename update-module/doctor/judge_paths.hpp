/// The doctor's judgement of both paths as they are seen from the device: pure, so that each case can be
/// shown.
#pragma once

#include "protocol/service.hpp"
#include "update-module/control/server_certificate.hpp"
#include "update-module/doctor/finding.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace two_path::device {

/// Times are UNIX seconds. What could not be looked at is none.
using CertificateSight = std::optional<Result<control::ServerCertificate>>;

/// Where the bearer token comes from, and whether there is one. Never the token.
struct TokenSight {
    bool from_mender{true}; ///< by D-Bus; else by the configured command
    std::string url;        ///< that came with it
    Result<bool> present{false};
};

/// What the second path's place said to us.
struct SecondPathSight {
    Mode mode{Mode::pull};                      ///< the device's
    std::optional<messages::ServiceReply> told; ///< by the first path
    Result<std::string> answer{std::string()};  ///< pull: the greeting; push: our own address
};

[[nodiscard]] Finding judge_clock(std::int64_t now, const CertificateSight& certificate);
[[nodiscard]] Finding judge_certificate(std::int64_t now, const CertificateSight& certificate);
[[nodiscard]] Finding judge_token(const TokenSight& sight);
[[nodiscard]] Finding judge_first_path(const TokenSight& token,
                                       const std::optional<Result<messages::ServiceReply>>& answer);
[[nodiscard]] Finding judge_clocks(std::int64_t now, const std::optional<messages::ServiceReply>& told);
[[nodiscard]] Finding judge_second_path(const SecondPathSight& sight);

} // namespace two_path::device
