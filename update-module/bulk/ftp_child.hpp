/// The process that reads what the FTP server says, so that no other one has to.
#pragma once

#include "ftp/descriptor.hpp"

namespace two_path::bulk {

/// Serves one connection's orders (connection_messages.hpp) until the socket closes, in a process of its own.
/// It gets an address, a user name, proofs and file names; never a secret that outlives the login. It needs
/// no rights but those of call_filter.hpp.
/// Gives the process's exit status.
int run_ftp_child(ftp::Descriptor socket) noexcept;

} // namespace two_path::bulk
