/// Full artifacts of a Mender server made into releases of two-path: by order, or because they are tagged.
#pragma once

#include "plugin/catalog/payloads.hpp"
#include "plugin/executors.hpp"
#include "plugin/host/mender/answers.hpp"
#include "plugin/host/mender/mender_host.hpp"
#include "plugin/importing/twin.hpp"
#include "plugin/state/store.hpp"
#include "plugin/work_thread.hpp"

#include <atomic>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>

namespace two_path::importing {

/// How releases are imported that the server's own UI tags.
struct AutoImport {
    std::string tag;          ///< empty: none is
    std::string version_file; ///< where their devices read the version; empty: it is not checked
};

enum class ImportState : std::uint8_t {
    running,
    done,             ///< the twin is in Mender
    awaits_signature, ///< the twin is registered; its artifact waits to be signed and uploaded
    failed,
};
[[nodiscard]] std::string_view name_of(ImportState state) noexcept;

/// One import of this run of the plugin.
struct Import {
    std::string release;   ///< the full one
    std::string artifact;  ///< its id in Mender
    std::uint64_t size{0}; ///< bytes of the full artifact
    ImportState state{ImportState::running};
    Error why;                                           ///< of `failed`
    unsigned tries{1};                                   ///< of this run of the plugin, one after the other
    std::int64_t ended{0};                               ///< steady, ms
    std::shared_ptr<std::atomic<std::uint64_t>> fetched; ///< bytes
};

/// `RELEASE+two-path`: what the release made of `release` is called.
[[nodiscard]] std::string twin_of(std::string_view release);

/// Used by the worker; the long work runs on a thread of its own, one import after the other.
class Imports {
  public:
    /// Keeps full artifacts in `folder` while they are read, and removes what an earlier run left there. All
    /// referred to must outlive it. bad_configuration: the folder cannot be used.
    [[nodiscard]] static Result<std::unique_ptr<Imports>> open(const Executors& executors,
                                                               host::MenderHost& host, state::Store& store,
                                                               const catalog::Payloads& payloads,
                                                               const std::filesystem::path& folder,
                                                               TwinRules rules, AutoImport automatic);

    /// Begins the import of a release; the options' name is not looked at. A running one of it is the answer
    /// itself, and so is one whose twin awaits its signature. not_found; conflict: the twin is there;
    /// unsupported, with the reason: what cannot have a twin; unavailable.
    awaitable<Result<Import>> begin(std::string release, publishing::ReleaseOptions options);
    [[nodiscard]] std::optional<Import> find(const std::string& release) const;
    /// Begins those of the tagged releases that have no twin yet. Where Mender or its storage did not answer
    /// it tries again, after ten minutes and then less and less often; what fails otherwise it leaves.
    awaitable<void> look();

    /// Ends what runs, soon.
    void stop() noexcept { stop_ = true; }

  private:
    Imports(Executors executors, host::MenderHost& host, state::Store& store,
            const catalog::Payloads& payloads, catalog::Payloads fetched, TwinRules rules,
            AutoImport automatic);
    awaitable<Result<host::mender::ListedArtifact>> full_artifact(std::string release);
    awaitable<void> run(std::string release, publishing::ReleaseOptions options);
    awaitable<Result<ImportState>> import(Import import, publishing::ReleaseOptions options);
    awaitable<Result<ImportState>> announce(Twin twin);
    awaitable<void> begin_tagged(std::string release);
    [[nodiscard]] bool is_due(const std::string& release) const;

    Executors executors_;
    host::MenderHost& host_;
    state::Store& store_;
    const catalog::Payloads& payloads_;
    catalog::Payloads fetched_;
    TwinRules rules_;
    AutoImport automatic_;
    std::map<std::string, Import> imports_; ///< by release
    std::atomic<bool> stop_{false};
    WorkThread thread_; ///< the last, so that it ends before what it works on
};

} // namespace two_path::importing
