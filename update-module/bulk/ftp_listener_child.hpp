/// The process that is the device's FTP server (push), so that no other one has to read what a client says.
#pragma once

#include "ftp/descriptor.hpp"

namespace two_path::bulk {

/// Listens as the first order says (listener_messages.hpp), asks the module about everything a client wants,
/// and hands it the data connections, until the socket closes; then the process ends. It never has the
/// certification.
[[noreturn]] void run_ftp_listener_child(ftp::Descriptor socket) noexcept;

} // namespace two_path::bulk
