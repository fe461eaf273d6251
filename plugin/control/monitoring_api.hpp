/// How the plugin is: `health` for whoever asks, `metrics` for Prometheus (docs/operations.md, "Watching
/// it").
#pragma once

#include "plugin/catalog/payloads.hpp"
#include "plugin/control/meters.hpp"
#include "plugin/control/session_feed.hpp"
#include "plugin/host/host.hpp"
#include "plugin/state/admission.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>

namespace two_path::control {

/// What only the network's thread knows.
struct NetworkFigures {
    std::map<unsigned, std::uint64_t> answers; ///< of HTTPS since the start, by status
    std::size_t https_connections{0};
    std::size_t ftp_connections{0};
    bool ftp_listens{false};
};

/// All referred to must outlive the router's last request.
struct MonitoringContext {
    host::Host& host;
    state::Store& store;
    const state::Admission& admission;
    const catalog::Payloads& payloads;
    SessionFeed& feed;
    const Meters& meters;
    std::function<awaitable<NetworkFigures>()> network; ///< asks the network's thread
    std::filesystem::path state_dir;
    std::string metrics_token; ///< lets into `metrics` beside operators' tokens; empty: none does
};

/// Adds `health` and `metrics` under messages::management_api. `health` needs no token, tells no secret, and
/// looks at most every five seconds, so that asking often costs nothing.
void add_monitoring_api(Router& router, const MonitoringContext& context);

/// Has feed and meters told of every change from now on. They must outlive the last one.
void follow_sessions(state::Store& store, state::Admission& admission, SessionFeed& feed, Meters& meters);

/// Bytes that must be free where the state is.
inline constexpr std::uint64_t least_room = std::uint64_t{64} << 20U;

} // namespace two_path::control
