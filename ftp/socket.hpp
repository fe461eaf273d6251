/// What every TCP connection of this library is set to.
#pragma once

#include "ftp/asio.hpp"

#include <cstdint>

namespace two_path::ftp {

/// Notices a dead peer: keepalive, and TCP_USER_TIMEOUT for bytes that nobody acknowledges. Takes urgent data
/// as ordinary bytes (RFC 959 section 4.1.3: ABOR may come with a Telnet Synch). What cannot be set is left.
void set_options(tcp::socket& socket, milliseconds unacknowledged_time);

/// The kernel sends no faster than this from now on (SO_MAX_PACING_RATE); 0 is as fast as it can. Bytes per
/// second, with headers.
void set_rate(tcp::socket& socket, std::uint64_t bytes_per_second) noexcept;
/// What was set, in bytes per second; as large as numbers are where nothing was.
std::uint64_t rate_of(tcp::socket& socket) noexcept;

/// The same address without the v6-mapped form of IPv4.
tcp::endpoint unmapped(const tcp::endpoint& endpoint);

/// Closes with a reset: the peer learns that the data are not whole, and no buffer lives on.
void reset(tcp::socket& socket) noexcept;

/// sendfile(2) to a reset connection raises SIGPIPE and cannot be told not to: from now on the signal is
/// ignored, unless it is handled.
void ignore_broken_pipes() noexcept;

} // namespace two_path::ftp
