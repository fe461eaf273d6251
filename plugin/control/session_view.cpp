#include "plugin/control/session_view.hpp"

#include "plugin/control/one_line.hpp"

#include <array>
#include <cstdio>
#include <ctime>

namespace two_path::control {
namespace {

void add_transfer(json::object& object, const messages::TransferReport& report) {
    for (const auto& [name, value] : report.to_json())
        object[name] = value;
}

} // namespace

std::string rfc3339(std::int64_t unix_milliseconds) {
    const std::time_t seconds = unix_milliseconds / 1000;
    std::tm parts{};
    gmtime_r(&seconds, &parts);
    std::array<char, 80> text{};
    std::snprintf(text.data(), text.size(), "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", parts.tm_year + 1900,
                  parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec,
                  static_cast<int>(unix_milliseconds % 1000));
    return text.data();
}

json::object live_view(state::Store& store, const state::Admission& admission,
                       const state::Session& session) {
    auto object = view(session, session.sent + admission.unsaved(session.id));
    const auto sent = admission.sent_of(session.id);
    if (sent && sent->https > 0) object["sent_https"] = sent->https;
    if (const auto again = store.redeployment_of(session.id)) object["redeployment"] = view(*again);
    return object;
}

json::object view(const state::Session& session, std::uint64_t sent) {
    const auto& request = session.request;
    json::array digests;
    for (const auto kind : request.digests)
        digests.emplace_back(name_of(kind));
    json::object object{{"id", session.id},
                        {"device", session.device},
                        {"deployment", session.deployment},
                        {"release", request.release},
                        {"version", session.version},
                        {"version_check", session.version_check},
                        {"state", name_of(session.state)},
                        {"opened", rfc3339(session.opened)},
                        {"changed", rfc3339(session.changed)},
                        {"device_version", request.version},
                        {"device_type", request.device_type},
                        {"module_version", request.module_version},
                        {"protocol", request.protocol},
                        {"issuer", name_of(request.issuer)},
                        {"mode", name_of(request.mode)},
                        {"digests", std::move(digests)},
                        {"total", session.total},
                        {"sent", sent}};
    if (session.reason) {
        const auto& row = info(*session.reason);
        object["reason"] = row.reason;
        object["meaning"] = row.meaning;
        object["advice"] = row.advice;
    }
    if (!session.detail.empty()) object["detail"] = session.detail;
    if (!session.stage.empty()) object["stage"] = session.stage;
    if (session.reported) object["reported_version"] = one_line(*session.reported);
    if (session.transfer) add_transfer(object, *session.transfer);
    return object;
}

json::object view(const state::Redeployment& redeployment) {
    json::object object{{"kept", redeployment.kept}, {"since", rfc3339(redeployment.since)}};
    if (redeployment.ordered) object["deployment"] = *redeployment.ordered;
    return object;
}

json::object view(const state::Event& event) {
    return {{"number", event.number},        {"time", rfc3339(event.time)}, {"step", event.step},
            {"state", name_of(event.state)}, {"cause", event.cause},        {"detail", event.detail}};
}

json::object view(const state::Release& release) {
    const auto& descriptor = release.descriptor;
    json::array files;
    for (const auto& file : descriptor.files)
        files.push_back(json::object{{"name", file.name},
                                     {"id", file.id},
                                     {"size", file.size},
                                     {"wire_size", file.wire_size},
                                     {"encoding", name_of(file.encoding)}});
    json::object object{{"name", descriptor.release},
                        {"version", descriptor.version},
                        {"version_check", descriptor.version_check},
                        {"stream", descriptor.stream},
                        {"sequence", descriptor.sequence},
                        {"installer", descriptor.installer.type},
                        {"reboot", name_of(descriptor.installer.reboot)},
                        {"block_size", descriptor.block_size},
                        {"published", rfc3339(release.published)},
                        {"files", std::move(files)}};
    if (release.artifact) object["artifact"] = *release.artifact;
    if (release.awaits_signature) object["awaits_signature"] = true;
    if (release.gone) object["artifact_gone"] = rfc3339(*release.gone);
    return object;
}

} // namespace two_path::control
