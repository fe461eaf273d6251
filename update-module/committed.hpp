/// How far each software stream of this device has come: what a lower sequence is refused by.
#pragma once

#include "protocol/descriptor.hpp"
#include "protocol/error.hpp"

#include <cstdint>
#include <map>
#include <string>

namespace two_path::device {

/// The sequence last committed, by stream.
using Sequences = std::map<std::string, std::uint64_t>;

/// `<state_dir>/committed.json`; empty at first. A corrupt file is set aside as `committed.json.corrupt`,
/// said in the log, and counts as empty.
[[nodiscard]] Result<Sequences> read_committed(const std::string& state_dir);
/// Records durably that this release was committed.
[[nodiscard]] Result<void> write_committed(const std::string& state_dir, const std::string& stream,
                                           std::uint64_t sequence);

/// downgrade when the descriptor's sequence is below the one committed of its stream and `running`, the
/// version installed now, is not among its `allow_from`.
[[nodiscard]] Result<void> check_sequence(const Descriptor& descriptor, const Sequences& committed,
                                          const std::string& running);

} // namespace two_path::device
