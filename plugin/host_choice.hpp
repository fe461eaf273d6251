/// The device-management framework that the settings name.
#pragma once

#include "plugin/config.hpp"
#include "plugin/executors.hpp"
#include "plugin/host/host.hpp"
#include "plugin/host/mender/mender_host.hpp"
#include "plugin/importing/imports.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace two_path {

/// Whether devices of a group may begin an update by two-path now.
using MayBegin = std::function<bool(const std::string& group)>;

/// The framework; also as the Mender server that it is, or null.
struct OpenedHost {
    std::unique_ptr<host::Host> host;
    host::MenderHost* mender{nullptr};
    /// On the worker: forgets some deployments that ended before a time (UNIX ms); true: there may be more.
    /// None where the framework keeps house itself.
    std::function<bool(std::int64_t time)> forget_deployments;
};

/// Opens what the framework keeps: the embedded one its database and keys in the state folder, which exists;
/// a Mender server's its access token. bad_configuration: a setting or a file that cannot be used, with its
/// place.
[[nodiscard]] Result<OpenedHost> open_host(const Settings& settings, const Executors& executors,
                                           MayBegin may_begin);

/// Imports from the Mender server, as the settings say; null without one. The same errors; everything else
/// must outlive them.
[[nodiscard]] Result<std::unique_ptr<importing::Imports>>
open_imports(const Settings& settings, const Executors& executors, host::MenderHost* host,
             state::Store& store, const catalog::Payloads& payloads);

/// Whether the files that a Mender server needs can be used; nothing for the embedded framework.
[[nodiscard]] Result<void> check_host(const Settings& settings);

} // namespace two_path
