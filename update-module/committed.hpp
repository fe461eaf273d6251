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

/// `<state_dir>/committed.json`, or `committed.copy.json` where that is missing or corrupt; empty when there
/// is neither. io_error when neither can be believed: to guess would let any older release in.
[[nodiscard]] Result<Sequences> read_committed(const std::string& state_dir);
/// Records durably, in both files, that this release was committed. What they held and nobody can read is
/// lost.
[[nodiscard]] Result<void> write_committed(const std::string& state_dir, const std::string& stream,
                                           std::uint64_t sequence);

/// downgrade when the descriptor's sequence is below the one committed of its stream and `running`, the
/// version installed now, is not among its `allow_from`.
[[nodiscard]] Result<void> check_sequence(const Descriptor& descriptor, const Sequences& committed,
                                          const std::string& running);

} // namespace two_path::device
