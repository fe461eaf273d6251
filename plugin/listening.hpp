/// The addresses of both servers: tried before anything is written, and taken.
#pragma once

#include "ftp/server.hpp"
#include "plugin/config.hpp"
#include "plugin/control/https_server.hpp"

namespace two_path {

/// Before anything is written: an address that cannot be had must leave nothing behind. Puts the addresses
/// that can be into `settings`: IPv4 where there is no IPv6. With the setting's place conflict, when another
/// program has the address, which may end; else bad_configuration.
[[nodiscard]] Result<void> check_addresses(Settings& settings, const boost::asio::any_io_executor& network);
/// Has both servers listen, on the network's thread. Fails as above.
[[nodiscard]] Result<void> listen(const Settings& settings, ftp::Server& ftp, control::HttpsServer& https);

} // namespace two_path
