/// Links by which a device fetches an artifact without a bearer token: they cannot be guessed, and they end.
#pragma once

#include "protocol/encoding.hpp"
#include "protocol/error.hpp"

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace two_path::host::embedded {

class DownloadLinks {
  public:
    /// Reads the secret of 32 bytes in `file`, or makes it there (mode 0600). bad_configuration with path and
    /// reason.
    [[nodiscard]] static Result<DownloadLinks> open(const std::filesystem::path& file);

    /// Path and query of a link that works until `expires` (UNIX seconds).
    [[nodiscard]] std::string link(std::string_view artifact, std::int64_t expires) const;
    /// forbidden when the signature, as it came in the query, is not that of this artifact and end, or `now`
    /// (UNIX seconds) is past it.
    [[nodiscard]] Result<void> check(std::string_view artifact, std::string_view expires,
                                     std::string_view signature, std::int64_t now) const;

  private:
    explicit DownloadLinks(Bytes secret)
      : secret_(std::move(secret)) {}
    [[nodiscard]] Bytes signature_of(std::string_view artifact, std::string_view expires) const;
    Bytes secret_;
};

/// The route of these links, with `{artifact}`.
inline constexpr std::string_view download_route = "/api/devices/v1/deployments/download/{artifact}";
/// The query's names, as Mender has them.
inline constexpr std::string_view expires_parameter = "x-men-expire";
inline constexpr std::string_view signature_parameter = "x-men-signature";

} // namespace two_path::host::embedded
