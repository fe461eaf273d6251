/// The device-management framework that the settings name.
#pragma once

#include "plugin/config.hpp"
#include "plugin/executors.hpp"
#include "plugin/host/host.hpp"

#include <functional>
#include <memory>
#include <string>

namespace two_path {

/// Whether devices of a group may begin an update by two-path now.
using MayBegin = std::function<bool(const std::string& group)>;

/// Opens what the framework keeps: the embedded one its database and keys in the state folder, which exists;
/// a Mender server's its access token. bad_configuration: a setting or a file that cannot be used, with its
/// place.
[[nodiscard]] Result<std::unique_ptr<host::Host>> open_host(const Settings& settings,
                                                            const Executors& executors, MayBegin may_begin);

/// Whether the files that a Mender server needs can be used; nothing for the embedded framework.
[[nodiscard]] Result<void> check_host(const Settings& settings);

} // namespace two_path
