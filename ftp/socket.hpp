/// What every TCP connection of this library is set to.
#pragma once

#include "ftp/asio.hpp"

namespace two_path::ftp {

/// Notices a dead peer: keepalive, and TCP_USER_TIMEOUT for bytes that nobody acknowledges. Takes urgent data
/// as ordinary bytes (RFC 959 section 4.1.3: ABOR may come with a Telnet Synch). What cannot be set is left.
void set_options(tcp::socket& socket, milliseconds unacknowledged_time);

/// The same address without the v6-mapped form of IPv4.
tcp::endpoint unmapped(const tcp::endpoint& endpoint);

/// Closes with a reset: the peer learns that the data are not whole, and no buffer lives on.
void reset(tcp::socket& socket) noexcept;

} // namespace two_path::ftp
