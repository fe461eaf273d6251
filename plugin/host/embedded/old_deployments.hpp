/// Deployments of long ago are forgotten: what a device's log takes is much, over the years.
#pragma once

#include "plugin/state/database.hpp"

#include <cstdint>

namespace two_path::host::embedded {

/// Forgets deployments that ended before `time` (UNIX ms), with what each device made of them and its log: a
/// few in one call, since others wait for the database. True: there may be more.
[[nodiscard]] bool forget_deployments(state::Database& database, std::int64_t time);

} // namespace two_path::host::embedded
