/// The receiving half of a data connection, for an owner who takes the bytes in the server's own process.
#pragma once

#include "ftp/visitor.hpp"

#include <functional>
#include <string_view>

namespace two_path::ftp {

/// Takes the next bytes, which belong at `position`: `whole` to go on, anything else ends the transfer so.
using Take = std::function<DataEnd(std::string_view bytes, std::uint64_t position)>;

/// Reads to the connection's end, but at most one byte more than there may be: that one is never passed on.
/// `whole` says that all that was due has been taken, not that it is verified or on disk.
awaitable<Received> receive(Incoming incoming, Take take);

} // namespace two_path::ftp
