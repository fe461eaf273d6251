#include "plugin/importing/imports.hpp"

#include "plugin/control/release_api.hpp"
#include "plugin/host/mender/artifacts.hpp"
#include "plugin/log.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <array>
#include <exception>
#include <utility>

namespace two_path::importing {
namespace asio = boost::asio;
namespace mender = host::mender;

namespace {

constexpr std::int64_t again_after = std::int64_t{10} * 60 * 1000;

/// Each try may fetch the whole artifact.
std::int64_t wait_after(unsigned tries) {
    return again_after << std::min(tries - 1, 6U);
}

bool may_pass(Errc code) {
    return code == Errc::unavailable || code == Errc::plugin_unreachable;
}

/// Runs on the imports' own thread.
awaitable<Result<Twin>> make(TwinMaker maker, std::string link, std::uint64_t size,
                             publishing::ReleaseOptions options) {
    co_return maker.make(link, size, options);
}

Result<void> may_have_twin(const std::vector<mender::ListedArtifact>& artifacts) {
    const auto& artifact = artifacts.front();
    const auto refuse = [&](const std::string& why) {
        return fail(Errc::unsupported, "release " + artifact.name + " " + why);
    };
    if (artifacts.size() > 1)
        return refuse("holds " + std::to_string(artifacts.size()) +
                      " artifacts, and a release of two-path describes one; give each a release of its own");
    if (artifact.payload_type == "two-path") return refuse("is one of two-path already");
    if (artifact.depends_on_name) return depends_on_name();
    if (!is_name(twin_of(artifact.name))) return refuse("has too long a name");
    return {};
}

} // namespace

std::string_view name_of(ImportState state) noexcept {
    constexpr std::array<std::string_view, 4> names{"running", "done", "awaits_signature", "failed"};
    return names.at(static_cast<std::size_t>(state));
}

std::string twin_of(std::string_view release) {
    return std::string(release).append("+two-path");
}

Imports::Imports(Executors executors, host::MenderHost& host, state::Store& store,
                 const catalog::Payloads& payloads, catalog::Payloads fetched, TwinRules rules,
                 AutoImport automatic)
  : executors_(std::move(executors))
  , host_(host)
  , store_(store)
  , payloads_(payloads)
  , fetched_(std::move(fetched))
  , rules_(std::move(rules))
  , automatic_(std::move(automatic)) {}

Result<std::unique_ptr<Imports>> Imports::open(const Executors& executors, host::MenderHost& host,
                                               state::Store& store, const catalog::Payloads& payloads,
                                               const std::filesystem::path& folder, TwinRules rules,
                                               AutoImport automatic) {
    std::error_code ec;
    std::filesystem::remove_all(folder, ec);
    if (!ec) std::filesystem::create_directory(folder, ec);
    if (!ec) std::filesystem::permissions(folder, std::filesystem::perms::owner_all, ec);
    if (ec) return fail(Errc::bad_configuration, folder.string() + ": cannot be used: " + ec.message());
    auto fetched = catalog::Payloads::open(folder);
    if (!fetched) return fetched.error();
    return std::unique_ptr<Imports>(new Imports(executors, host, store, payloads, std::move(*fetched),
                                                std::move(rules), std::move(automatic)));
}

std::optional<Import> Imports::find(const std::string& release) const {
    const auto found = imports_.find(release);
    if (found == imports_.end()) return std::nullopt;
    return found->second;
}

/// The one artifact of a release that may have a twin.
awaitable<Result<mender::ListedArtifact>> Imports::full_artifact(std::string release) {
    auto artifacts = co_await mender::artifacts_of(host_.management(), release);
    if (!artifacts) co_return artifacts.error();
    if (auto may = may_have_twin(*artifacts); !may) co_return may.error();
    const auto twins = co_await mender::artifacts_of(host_.management(), twin_of(release));
    if (twins)
        co_return fail(Errc::conflict, "the Mender server has " + twin_of(release) +
                                           " already, which is not known here; delete it there first");
    if (twins.error().code != Errc::not_found) co_return twins.error();
    co_return std::move(artifacts->front());
}

awaitable<Result<Import>> Imports::begin(std::string release, publishing::ReleaseOptions options) {
    const auto running = [&] {
        const auto found = imports_.find(release);
        return found != imports_.end() && found->second.state == ImportState::running;
    };
    if (running()) co_return imports_.at(release);
    options.name = twin_of(release);
    if (const auto twin = store_.release(options.name)) {
        if (!twin->awaits_signature)
            co_return fail(Errc::conflict, "release " + options.name +
                                               " is there already; `two-path releases remove` it first");
        Import known;
        known.release = release;
        known.state = ImportState::awaits_signature;
        co_return known;
    }
    auto full = co_await full_artifact(release);
    if (!full) co_return full.error();
    if (running()) co_return imports_.at(release); // begun meanwhile

    Import import;
    import.release = release;
    import.artifact = std::move(full->id);
    import.size = full->size;
    import.fetched = std::make_shared<std::atomic<std::uint64_t>>(0);
    if (const auto before = find(release)) import.tries = before->tries + 1;
    imports_[release] = import;
    auto running_on = run(release, std::move(options));
    auto ended = [](const std::exception_ptr& thrown) {
        if (thrown) std::rethrow_exception(thrown); // the state cannot be used any more
    };
    asio::co_spawn(executors_.worker, std::move(running_on), std::move(ended));
    co_return import;
}

awaitable<void> Imports::run(std::string release, publishing::ReleaseOptions options) {
    const auto twin = options.name;
    const auto ended = co_await import(imports_.at(release), std::move(options));
    auto& record = imports_.at(release);
    record.ended = store_.clock().steady();
    if (!ended) {
        record.state = ImportState::failed;
        record.why = ended.error();
        log(Level::warning, "release " + release + " cannot be imported: " + record.why.message());
        co_return;
    }
    record.state = *ended;
    log(Level::notice, record.state == ImportState::done
                           ? "imported release " + release + " as " + twin
                           : "release " + twin + " awaits its signature, as the imported artifact has one: " +
                                 "`two-path import " + release + " --output FILE`, sign it, and `two-path " +
                                 "publish --upload FILE`");
}

awaitable<Result<ImportState>> Imports::import(Import import, publishing::ReleaseOptions options) {
    auto link = co_await mender::download_link(host_.management(), import.artifact);
    if (!link) co_return link.error();
    TwinMaker maker(rules_, fetched_, payloads_, *import.fetched, stop_);
    auto making = make(maker, std::move(*link), import.size, std::move(options));
    auto twin = co_await asio::co_spawn(thread_.executor(), std::move(making), asio::use_awaitable);
    if (!twin) co_return twin.error();
    co_return co_await announce(std::move(*twin));
}

/// The plugin first, then Mender; what Mender refuses does not stay in the plugin.
awaitable<Result<ImportState>> Imports::announce(Twin twin) {
    const auto descriptor = twin.publication.descriptor;
    const auto& name = descriptor.release;
    const auto added = control::register_release(store_, payloads_,
                                                 boost::json::serialize(twin.publication.artifact.meta_data));
    if (!added) co_return added.error();
    if (twin.awaits_signature) {
        store_.keep_unsigned(name, twin.artifact);
        co_return ImportState::awaits_signature;
    }
    auto id = co_await mender::upload_artifact(host_.management(), std::move(twin.artifact),
                                               "two-path release " + name);
    if (!id && id.error().code == Errc::unavailable) {
        // Perhaps only the answer was lost.
        const auto kept = co_await host_.artifacts();
        for (const auto& artifact : kept ? *kept : std::vector<host::KeptArtifact>())
            if (artifact.name == name) id = artifact.id;
    }
    if (!id) {
        if (added->is_new) store_.remove_release(name);
        co_return id.error();
    }
    store_.found_artifact(name, *id);
    co_return ImportState::done;
}

awaitable<void> Imports::look() {
    if (automatic_.tag.empty()) co_return;
    const auto tagged = co_await mender::tagged_releases(host_.management(), automatic_.tag);
    if (!tagged) co_return; // the host says so in the log; the next look comes
    for (const auto& release : *tagged)
        if (is_due(release)) co_await begin_tagged(release);
}

bool Imports::is_due(const std::string& release) const {
    if (release.ends_with(twin_of("")) || store_.release(twin_of(release))) return false;
    const auto found = imports_.find(release);
    if (found == imports_.end()) return true;
    const auto& before = found->second;
    return before.state != ImportState::running && may_pass(before.why.code) &&
           store_.clock().steady() - before.ended >= wait_after(before.tries);
}

awaitable<void> Imports::begin_tagged(std::string release) {
    publishing::ReleaseOptions options;
    options.version = release;
    options.version_file = automatic_.version_file;
    options.version_check = !automatic_.version_file.empty();
    options.sequence = static_cast<std::uint64_t>(store_.clock().unix_time() / 1000);
    const auto begun = co_await begin(release, std::move(options));
    if (begun) co_return;
    const auto before = find(release);
    auto& refused = imports_[release];
    if (before) ++refused.tries;
    refused.release = release;
    refused.state = ImportState::failed;
    refused.why = begun.error();
    refused.ended = store_.clock().steady();
    log(Level::warning, "release " + release +
                            ", which is tagged for two-path, cannot be imported: " + begun.error().message());
}

} // namespace two_path::importing
