/// Full artifacts of a Mender server made into releases of two-path: by order, or because they are tagged.
#pragma once

#include "plugin/catalog/payloads.hpp"
#include "plugin/executors.hpp"
#include "plugin/host/mender/answers.hpp"
#include "plugin/host/mender/mender_host.hpp"
#include "plugin/importing/leftovers.hpp"
#include "plugin/importing/twin.hpp"
#include "plugin/state/store.hpp"
#include "plugin/work_thread.hpp"

#include <atomic>
#include <chrono>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace two_path::state {
class DatabaseFailure;
}

namespace two_path::importing {

/// How releases are imported that the server's own UI tags.
struct AutoImport {
    std::string tag;          ///< empty: none is
    std::string version_file; ///< where their devices read the version; empty: it is not checked
};

using state::ImportState;

/// An import, as this run of the plugin knows it.
struct Import {
    std::string release;   ///< the full one
    std::string artifact;  ///< its id in Mender
    std::uint64_t size{0}; ///< bytes of the full artifact; 0: not known
    ImportState state{ImportState::running};
    Error why;                                           ///< of `failed` and `waiting`
    std::uint64_t attempts{1};                           ///< since it was ordered, those of earlier runs too
    std::uint64_t tries{1};                              ///< of this run, one after the other
    std::int64_t ended{0};                               ///< steady, ms
    std::shared_ptr<std::atomic<std::uint64_t>> fetched; ///< bytes
};

/// Used by the worker; the long work runs on a thread of its own, one import after the other.
class Imports {
  public:
    /// Keeps full artifacts in `folder` while they are read, and removes what an earlier run left there.
    /// `grace`: from an import's failure to the end of what it left in the catalog. All referred to must
    /// outlive it. bad_configuration: the folder cannot be used.
    [[nodiscard]] static Result<std::unique_ptr<Imports>>
    open(const Executors& executors, host::MenderHost& host, state::Store& store,
         const catalog::Payloads& payloads, const std::filesystem::path& folder, TwinRules rules,
         AutoImport automatic, std::chrono::seconds grace);

    /// Begins the import of a release, once its order is on the disk; the options' name is not looked at. A
    /// running one of it is the answer itself, one that waits for its next attempt begins it now, and one
    /// whose twin awaits its signature is the answer too. not_found; conflict: the twin is there;
    /// unsupported, with the reason: what cannot have a twin; unavailable.
    awaitable<Result<Import>> begin(std::string release, publishing::ReleaseOptions options);
    /// Also of earlier runs, as far as they are remembered.
    [[nodiscard]] std::optional<Import> find(const std::string& release) const;
    /// The last one changed first.
    [[nodiscard]] std::vector<Import> list() const;
    /// Frees what failed imports left, takes up what an earlier run did not end, and begins those of the
    /// tagged releases that have no twin yet. Where Mender or its storage did not answer it tries again,
    /// after ten minutes and then less and less often; what fails otherwise it leaves.
    awaitable<void> look();

    /// Ends what runs, soon.
    void stop() noexcept { stop_ = true; }

  private:
    Imports(Executors executors, host::MenderHost& host, state::Store& store,
            const catalog::Payloads& payloads, catalog::Payloads fetched, TwinRules rules,
            AutoImport automatic, std::chrono::seconds grace);
    awaitable<Result<host::mender::ListedArtifact>> full_artifact(std::string release);
    /// What runs now; else null.
    [[nodiscard]] const Import* running(const std::string& release) const;
    Import start(const host::mender::ListedArtifact& full, publishing::ReleaseOptions options);
    awaitable<void> run(std::string release, publishing::ReleaseOptions options);
    awaitable<Result<ImportState>> import(Import import, publishing::ReleaseOptions options);
    awaitable<Result<ImportState>> announce(std::string release, Twin twin);
    awaitable<void> take_up_all();
    awaitable<Result<Import>> take_up(state::ImportOrder order);
    awaitable<Result<std::optional<ImportState>>> how_far(std::string twin);
    Import end(const std::string& release, ImportState state);
    Import fail_attempt(const std::string& release, const Error& why);
    void put_off(const std::string& release, const state::DatabaseFailure& failure);
    awaitable<void> begin_tagged(std::string release);
    [[nodiscard]] bool waited(const std::string& release) const;
    [[nodiscard]] bool is_due(const std::string& release) const;

    Executors executors_;
    host::MenderHost& host_;
    state::Store& store_;
    const catalog::Payloads& payloads_;
    catalog::Payloads fetched_;
    TwinRules rules_;
    AutoImport automatic_;
    std::chrono::seconds grace_;
    std::map<std::string, Import> imports_; ///< by release
    std::atomic<bool> stop_{false};
    WorkThread thread_; ///< the last, so that it ends before what it works on
};

} // namespace two_path::importing
