#include "plugin/control/meters.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace two_path::control {
namespace {

/// As the update module names them.
constexpr std::array<std::string_view, 7> paths{"ftp",      "https",      "kept",          "ftp+https",
                                                "kept+ftp", "kept+https", "kept+ftp+https"};

/// That a transfer keeps busy.
constexpr double most_cores = 4;

std::string label_of(const std::string& path) {
    return std::ranges::find(paths, path) != paths.end() ? path : "other";
}

} // namespace

void Meters::moved(const state::Session& session) {
    if (is_final(session.state)) {
        const auto reason = session.reason ? info(*session.reason).reason : std::string_view();
        ++ended_[{std::string(name_of(session.state)), std::string(reason)}];
    }
    if (session.state != SessionState::transferred || !session.transfer) return;
    const auto& report = *session.transfer;
    auto& sum = transfers_[{label_of(report.path), std::string(name_of(session.request.mode))}];
    ++sum.transfers;
    const auto bytes = std::min(report.bytes, session.total);
    const auto lifetime =
        static_cast<double>(std::max<std::int64_t>(0, session.changed - session.opened)) / 1000;
    sum.bytes += bytes - std::min(report.resumed, bytes);
    sum.seconds += std::clamp(report.seconds, 0.0, lifetime);
    sum.cpu_seconds += std::clamp(report.cpu_seconds, 0.0, lifetime * most_cores);
}

void Meters::sent(const state::Sent& more) {
    sent_.ftp += more.ftp;
    sent_.https += more.https;
}

} // namespace two_path::control
