/// Tells whoever started the daemon how it is: systemd by its socket, others by a file.
#pragma once

#include "protocol/error.hpp"

#include <cstdint>
#include <filesystem>
#include <string_view>

namespace two_path {

/// One datagram to `$NOTIFY_SOCKET` (sd_notify(3)), e.g. `READY=1`. Nothing happens without that variable, or
/// when nobody listens.
void notify_supervisor(std::string_view state) noexcept;

/// Writes `https_port=N` and `ftp_port=N`, a line each; the file is there whole or not at all. io_error.
[[nodiscard]] Result<void> write_ports_file(const std::filesystem::path& file, std::uint16_t https,
                                            std::uint16_t ftp);

} // namespace two_path
