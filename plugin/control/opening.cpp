#include "plugin/control/opening.hpp"

#include "plugin/control/freeing.hpp"
#include "plugin/control/one_line.hpp"

#include <algorithm>
#include <set>

namespace two_path::control {
namespace {

/// The framework's artifact and the release published here must be one: by the id that was recorded when it
/// was uploaded, or else by the digests that the device will trust.
Result<void> is_same(const host::ActiveDeployment& deployment, const state::Release& release) {
    const bool recorded = release.artifact && *release.artifact == deployment.artifact;
    const auto* file = recorded ? nullptr : not_carried(deployment.files, release.descriptor);
    if (file == nullptr) return {};
    return fail(Errc::not_deployed, "the deployed artifact " + deployment.artifact_name +
                                        " is not the release published here: block list of " + file->name +
                                        " differs or is missing");
}

Result<void> asks_for_all(const messages::OpenRequest& request, const Descriptor& descriptor) {
    const std::set<std::string> asked(request.files.begin(), request.files.end());
    std::set<std::string> all;
    std::set<std::string> needed;
    for (const auto& file : descriptor.files) {
        all.insert(file.id);
        if (!file.empty()) needed.insert(file.id);
    }
    if (!std::ranges::includes(asked, needed) || !std::ranges::includes(all, asked))
        return fail(Errc::payload_refused,
                    "the files asked for are not those of release " + one_line(request.release, name_limit));
    return {};
}

Result<void> holds_all(const Descriptor& descriptor, const catalog::Payloads& payloads) {
    for (const auto& file : descriptor.files)
        if (!file.empty() && payloads.size_of(file.id) != file.wire_size)
            return fail(Errc::payload_missing, file.name + " of release " + descriptor.release);
    return {};
}

Result<void> has_digest(const messages::OpenRequest& request, const Descriptor& descriptor) {
    for (const auto& file : descriptor.files) {
        const auto carried = [&](DigestKind kind) { return file.blocks.contains(kind); };
        if (!file.empty() && std::ranges::none_of(request.digests, carried))
            return fail(Errc::unsupported, "the device offers none of the digests of " + file.name);
    }
    return {};
}

} // namespace

Result<void> is_served(const messages::OpenRequest& request) {
    if (request.issuer == Issuer::plugin && request.certification)
        return fail(Errc::bad_request, "open: `certification` is given, but the plugin is its issuer");
    if (request.issuer == Issuer::device &&
        !(request.certification && Certification::parse(*request.certification)))
        return fail(Errc::bad_request,
                    "open: the device is the issuer, but `certification` is not base64url of 32 bytes");
    if (request.mode == Mode::pull && request.receiver)
        return fail(Errc::bad_request, "open: `receiver` is given, but the mode is not push");
    if (std::ranges::find(request.formats, Descriptor::format) == request.formats.end())
        return fail(Errc::unsupported, "the device reads no descriptor of format 1");
    return {};
}

Result<state::Release> release_for(const std::optional<host::ActiveDeployment>& deployment,
                                   const messages::OpenRequest& request, state::Store& store,
                                   const catalog::Payloads& payloads) {
    const auto name = one_line(request.release, name_limit);
    if (!deployment) return fail(Errc::not_deployed, "nothing is deployed to this device now");
    if (deployment->artifact_name != request.release)
        return fail(Errc::not_deployed,
                    deployment->artifact_name + " is deployed to this device, not " + name);
    auto release = store.release(request.release);
    if (!release) return fail(Errc::payload_missing, "release " + name + " was not published here");
    const auto& descriptor = release->descriptor;
    if (auto same = is_same(*deployment, *release); !same) return same.error();
    if (auto all = asks_for_all(request, descriptor); !all) return all.error();
    if (auto common = has_digest(request, descriptor); !common) return common.error();
    if (auto held = holds_all(descriptor, payloads); !held) return held.error();
    return std::move(*release);
}

state::Session new_session(std::string device, std::string deployment, const state::Release& release,
                           messages::OpenRequest request) {
    state::Session session;
    session.id = make_nonce();
    session.device = std::move(device);
    session.deployment = std::move(deployment);
    session.version = release.descriptor.version;
    session.version_check = release.descriptor.version_check;
    session.reboot_always = release.descriptor.installer.reboot == Reboot::always;
    session.block_size = release.descriptor.block_size;
    for (const auto& file : release.descriptor.files)
        if (!file.empty()) session.total += file.wire_size;
    request.files.clear();
    request.certification.reset(); // kept by itself, as long as it lives
    request.module_version = one_line(request.module_version, name_limit);
    request.version = one_line(request.version, name_limit);
    request.device_type = one_line(request.device_type, name_limit);
    session.request = std::move(request);
    return session;
}

} // namespace two_path::control
