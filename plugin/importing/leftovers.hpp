/// What imports that have ended left in the catalog, and when it goes.
#pragma once

#include "plugin/catalog/payloads.hpp"
#include "plugin/state/store.hpp"

#include <chrono>
#include <string_view>
#include <vector>

namespace two_path::importing {

/// `RELEASE+two-path`: what the release made of `release` is called.
[[nodiscard]] std::string twin_of(std::string_view release);

// Both are used by the worker only.

/// An import ends in failure: the twin that it registered goes, unless Mender has it, and the payloads wait
/// to be freed.
void end_in_failure(state::Store& store, std::string_view release, const Error& why);

/// One look. Ends the imports whose twin does not await its signature any more: done where Mender has it,
/// failed where an operator removed it. Frees what failed ones brought and no release has, `grace` after
/// their end; what somebody stored again since then stays, as it may be on its way into a release.
void free_leftovers(state::Store& store, const catalog::Payloads& payloads, std::chrono::seconds grace);

} // namespace two_path::importing
