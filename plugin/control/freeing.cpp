#include "plugin/control/freeing.hpp"

#include "plugin/control/retention.hpp"
#include "plugin/log.hpp"

#include <algorithm>

namespace two_path::control {

std::optional<std::string> use_of(state::Store& store, std::string_view release) {
    for (const auto& session : store.unfinished())
        if (session.request.release == release)
            return "session " + session.id + " of device " + session.device + " is `" +
                   std::string(name_of(session.state)) + "`";
    return std::nullopt;
}

const DescriptorFile* not_carried(const std::vector<host::ArtifactFile>& artifact,
                                  const Descriptor& descriptor) {
    for (const auto& file : descriptor.files)
        for (const auto& [kind, digest] : file.blocks) {
            const auto is_it = [name = file.list_name(kind), &sha256 = digest](const auto& listed) {
                return listed.name == name && listed.sha256 == sha256;
            };
            if (std::ranges::none_of(artifact, is_it)) return &file;
        }
    return nullptr;
}

Freeing::Freeing(state::Store& store, const catalog::Payloads& payloads, host::Host& host,
                 std::chrono::seconds grace)
  : store_(store)
  , payloads_(payloads)
  , host_(host)
  , grace_(grace) {}

awaitable<void> Freeing::look() {
    const auto releases = store_.releases();
    if (releases.empty()) co_return;
    const auto artifacts = co_await host_.artifacts();
    if (!artifacts) co_return; // the host says so in the log; the next look comes
    // What was published, or published again, while the framework answered is not judged by that answer.
    for (const auto& release : releases) {
        const auto now = store_.release(release.descriptor.release);
        if (now && now->published == release.published && now->artifact == release.artifact &&
            now->gone == release.gone)
            compare(release, *artifacts);
    }
}

void Freeing::compare(const state::Release& release, const std::vector<host::KeptArtifact>& artifacts) {
    const auto& name = release.descriptor.release;
    const auto found = std::ranges::find_if(artifacts, [&](const host::KeptArtifact& artifact) {
        return artifact.id == release.artifact ||
               (artifact.name == name && not_carried(artifact.files, release.descriptor) == nullptr);
    });
    if (found != artifacts.end()) {
        if (release.artifact != found->id || release.gone) store_.found_artifact(name, found->id);
        return;
    }
    if (!release.artifact) return;
    const auto now = store_.clock().unix_time();
    if (!release.gone) {
        store_.missed_artifact(name, now);
        log(Level::notice, "the artifact of release " + name +
                               " was deleted; its payload is freed after the grace time, unless it comes "
                               "back or a session needs it");
    } else if (now - *release.gone >= grace_.count() && !use_of(store_, name)) {
        free(release);
    }
}

/// The release first: no release is ever without its payload, also when this is cut off, or when it is
/// published again. A payload that then stays is one that no release has, which retention removes.
void Freeing::free(const state::Release& release) {
    const auto& name = release.descriptor.release;
    const auto now = store_.clock().unix_time();
    const std::chrono::milliseconds publication = Retention::publication;
    // Who stored it after it was published may be about to publish another release that has it.
    const auto ours = std::max(release.published + 1, now - publication.count());
    store_.remove_release(name);
    std::uint64_t freed = 0;
    for (const auto& file : release.descriptor.files) {
        if (file.empty() || !store_.releases_with(file.id).empty()) continue;
        const auto removed = payloads_.remove_stored_before(file.id, ours);
        if (removed && *removed) freed += file.wire_size;
        if (removed || removed.error().code == Errc::not_found) continue;
        log(Level::warning, "a payload of release " + name + " cannot be freed, and is tried again after " +
                                "[retention] unused_payload_days: " + removed.error().message());
    }
    log(Level::notice, "freed release " + name + ", whose artifact was deleted: " + std::to_string(freed) +
                           " bytes of payload");
}

} // namespace two_path::control
