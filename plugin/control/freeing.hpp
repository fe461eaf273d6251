/// Releases that the framework has no more are forgotten after a grace time, and their payloads freed.
#pragma once

#include "plugin/catalog/payloads.hpp"
#include "plugin/host/host.hpp"
#include "plugin/state/store.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace two_path::control {

/// Why a release cannot be removed now: a session of it that goes on. None: nothing uses it.
[[nodiscard]] std::optional<std::string> use_of(state::Store& store, std::string_view release);

/// Used by the worker only.
class Freeing {
  public:
    /// All referred to must outlive it. `grace`: from the look that finds a release's artifact gone to the
    /// one that forgets the release.
    Freeing(state::Store& store, const catalog::Payloads& payloads, host::Host& host,
            std::chrono::seconds grace);

    /// One look at what the framework has; nothing changes when it does not answer. A release whose artifact
    /// was never seen there stays: it may still wait for its signature. So does one that is used. A payload
    /// goes with the last release that has it.
    awaitable<void> look();

  private:
    void compare(const state::Release& release, const std::vector<host::KeptArtifact>& artifacts);
    void free(const state::Release& release);

    state::Store& store_;
    const catalog::Payloads& payloads_;
    host::Host& host_;
    std::chrono::milliseconds grace_;
};

/// The first file of the release whose block lists, by name and checksum, are not among those of an artifact.
/// None: the artifact is the release's.
[[nodiscard]] const DescriptorFile* not_carried(const std::vector<host::ArtifactFile>& artifact,
                                                const Descriptor& descriptor);

} // namespace two_path::control
