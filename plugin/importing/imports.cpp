#include "plugin/importing/imports.hpp"

#include "plugin/control/freeing.hpp"
#include "plugin/control/release_api.hpp"
#include "plugin/host/mender/artifacts.hpp"
#include "plugin/importing/attempts.hpp"
#include "plugin/log.hpp"
#include "plugin/state/database_failure.hpp"
#include "protocol/json.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/json/serialize.hpp>

#include <exception>
#include <utility>

namespace two_path::importing {
namespace asio = boost::asio;
namespace mender = host::mender;

namespace {

struct Made {
    Result<Twin> twin{fail(Errc::internal, {})};
    std::vector<std::string> payloads; ///< also of one that failed
};

/// Runs on the imports' own thread.
awaitable<Made> make(TwinMaker maker, std::string link, std::uint64_t size,
                     publishing::ReleaseOptions options) {
    Made made;
    made.twin = maker.make(link, size, options);
    made.payloads = maker.stored();
    co_return made;
}

Result<publishing::ReleaseOptions> options_of(const state::ImportOrder& order) {
    const auto object = parse_object(order.options, "the order of an import");
    if (!object) return object.error();
    return publishing::parse_release_options(*object);
}

bool is_open(ImportState state) {
    return state == ImportState::running || state == ImportState::waiting;
}

/// The artifact that is this release's.
const host::KeptArtifact* carrier(const std::vector<host::KeptArtifact>& artifacts,
                                  const Descriptor& descriptor) {
    for (const auto& artifact : artifacts)
        if (artifact.name == descriptor.release &&
            control::not_carried(artifact.files, descriptor) == nullptr)
            return &artifact;
    return nullptr;
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

Imports::Imports(Executors executors, host::MenderHost& host, state::Store& store,
                 const catalog::Payloads& payloads, catalog::Payloads fetched, TwinRules rules,
                 AutoImport automatic, std::chrono::seconds grace)
  : executors_(std::move(executors))
  , host_(host)
  , store_(store)
  , payloads_(payloads)
  , fetched_(std::move(fetched))
  , rules_(std::move(rules))
  , automatic_(std::move(automatic))
  , grace_(grace) {}

Result<std::unique_ptr<Imports>> Imports::open(const Executors& executors, host::MenderHost& host,
                                               state::Store& store, const catalog::Payloads& payloads,
                                               const std::filesystem::path& folder, TwinRules rules,
                                               AutoImport automatic, std::chrono::seconds grace) {
    std::error_code ec;
    std::filesystem::remove_all(folder, ec);
    if (!ec) std::filesystem::create_directory(folder, ec);
    if (!ec) std::filesystem::permissions(folder, std::filesystem::perms::owner_all, ec);
    if (ec) return fail(Errc::bad_configuration, folder.string() + ": cannot be used: " + ec.message());
    auto fetched = catalog::Payloads::open(folder);
    if (!fetched) return fetched.error();
    return std::unique_ptr<Imports>(new Imports(executors, host, store, payloads, std::move(*fetched),
                                                std::move(rules), std::move(automatic), grace));
}

const Import* Imports::running(const std::string& release) const {
    const auto found = imports_.find(release);
    if (found == imports_.end() || found->second.state != ImportState::running) return nullptr;
    return &found->second;
}

std::optional<Import> Imports::find(const std::string& release) const {
    const auto order = store_.import(release);
    const auto found = imports_.find(release);
    if (found == imports_.end() && !order) return std::nullopt;
    auto import = found == imports_.end() ? Import() : found->second;
    if (!order) return import;
    import.release = release;
    import.state = order->state;
    import.attempts = order->attempts;
    if (order->reason) import.why = {*order->reason, order->detail};
    return import;
}

std::vector<Import> Imports::list() const {
    std::vector<Import> all;
    for (const auto& order : store_.imports())
        if (auto import = find(order.release)) all.push_back(std::move(*import));
    for (const auto& [release, import] : imports_) // tagged ones that were refused
        if (!store_.import(release)) all.push_back(import);
    return all;
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
    if (const auto* now = running(release)) co_return *now;
    if (auto order = store_.import(release); order && is_open(order->state))
        co_return co_await take_up(std::move(*order));
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
    const auto full = co_await full_artifact(release);
    if (!full) co_return full.error();
    if (const auto* now = running(release)) co_return *now; // begun meanwhile

    store_.order_import(release, boost::json::serialize(publishing::to_json(options)));
    Import import;
    import.release = release;
    if (const auto before = imports_.find(release); before != imports_.end())
        import.tries = before->second.tries + 1;
    imports_[release] = import;
    co_return start(*full, std::move(options));
}

/// The import is on the disk and in memory.
Import Imports::start(const mender::ListedArtifact& full, publishing::ReleaseOptions options) {
    auto& import = imports_.at(full.name);
    import.artifact = full.id;
    import.size = full.size;
    import.fetched = std::make_shared<std::atomic<std::uint64_t>>(0);
    auto running_on = run(full.name, std::move(options));
    auto ended = [](const std::exception_ptr& thrown) {
        if (thrown) std::rethrow_exception(thrown); // the state cannot be used any more
    };
    const auto begun = import;
    asio::co_spawn(executors_.worker, std::move(running_on), std::move(ended));
    return begun;
}

/// One that the plugin's end broke off, or that waited.
awaitable<Result<Import>> Imports::take_up(state::ImportOrder order) {
    Import import;
    import.release = order.release;
    import.attempts = order.attempts + 1;
    imports_[order.release] = import;
    if (order.attempts >= most_attempts)
        co_return fail_attempt(
            order.release,
            fail(Errc::interrupted, "the plugin ended in each of " + std::to_string(order.attempts) +
                                        " attempts; see its log before ordering it again"));
    store_.try_import(order.release);
    auto options = options_of(order);
    if (!options) co_return fail_attempt(order.release, options.error());
    const auto far = co_await how_far(options->name);
    if (!far) co_return fail_attempt(order.release, far.error());
    if (*far) co_return end(order.release, **far);
    const auto full = co_await full_artifact(order.release);
    if (!full) co_return fail_attempt(order.release, full.error());
    log(Level::notice, "the import of release " + order.release + " begins anew, attempt " +
                           std::to_string(import.attempts) + " of " + std::to_string(most_attempts));
    co_return start(*full, std::move(*options));
}

/// How far an earlier attempt has come; none: the artifact must be fetched once more.
awaitable<Result<std::optional<ImportState>>> Imports::how_far(std::string twin) {
    const auto known = store_.release(twin);
    if (!known) co_return std::optional<ImportState>();
    if (known->awaits_signature) co_return std::optional(ImportState::awaits_signature);
    if (known->artifact) co_return std::optional(ImportState::done);
    const auto kept = co_await host_.artifacts();
    if (!kept) co_return kept.error();
    const auto* const artifact = carrier(*kept, known->descriptor);
    if (artifact == nullptr) co_return std::optional<ImportState>();
    store_.found_artifact(twin, artifact->id);
    co_return std::optional(ImportState::done);
}

awaitable<void> Imports::run(std::string release, publishing::ReleaseOptions options) {
    try {
        const auto ended = co_await import(imports_.at(release), std::move(options));
        if (ended)
            end(release, *ended);
        else
            fail_attempt(release, ended.error());
    } catch (const state::DatabaseFailure& failure) {
        if (!failure.passes()) throw;
        put_off(release, failure);
    }
}

/// A disk without room, say: in the state the import is still open, so that it is taken up again.
void Imports::put_off(const std::string& release, const state::DatabaseFailure& failure) {
    auto& record = imports_.at(release);
    record.ended = store_.clock().steady();
    record.state = ImportState::waiting;
    record.why = fail(Errc::unavailable, failure.what());
    log(Level::error, "the import of release " + release + " is tried again later: " + failure.what());
}

Import Imports::end(const std::string& release, ImportState state) {
    auto& record = imports_.at(release);
    record.ended = store_.clock().steady();
    record.state = state;
    record.why = {};
    store_.end_import(release, state, nullptr);
    const auto twin = twin_of(release);
    log(Level::notice, state == ImportState::done
                           ? "imported release " + release + " as " + twin
                           : "release " + twin + " awaits its signature, as the imported artifact has one: " +
                                 "`two-path import " + release + " --output FILE`, sign it, and `two-path " +
                                 "publish --upload FILE`");
    return record;
}

/// What was taken up again has nobody who waits for it, so that a failure that may pass is no end.
Import Imports::fail_attempt(const std::string& release, const Error& why) {
    auto& record = imports_.at(release);
    record.ended = store_.clock().steady();
    record.why = why;
    if (stop_) return record; // the next start takes it up again
    if (record.attempts > 1 && record.attempts < most_attempts && may_pass(why.code)) {
        record.state = ImportState::waiting;
        store_.end_import(release, record.state, &why);
        log(Level::warning, "the import of release " + release + " is tried again in " +
                                std::to_string(wait_after(record.attempts).count()) +
                                " minutes: " + why.message());
        return record;
    }
    record.state = ImportState::failed;
    end_in_failure(store_, release, why);
    log(Level::warning, "release " + release + " cannot be imported: " + why.message());
    return record;
}

awaitable<Result<ImportState>> Imports::import(Import import, publishing::ReleaseOptions options) {
    auto link = co_await mender::download_link(host_.management(), import.artifact);
    if (!link) co_return link.error();
    TwinMaker maker(rules_, fetched_, payloads_, *import.fetched, stop_);
    auto making = make(maker, std::move(*link), import.size, std::move(options));
    auto made = co_await asio::co_spawn(thread_.executor(), std::move(making), asio::use_awaitable);
    store_.add_import_payloads(import.release, made.payloads);
    if (!made.twin) co_return made.twin.error();
    co_return co_await announce(import.release, std::move(*made.twin));
}

/// The plugin first, then Mender; what Mender refuses does not stay in the plugin.
awaitable<Result<ImportState>> Imports::announce(std::string release, Twin twin) {
    const auto descriptor = twin.publication.descriptor;
    const auto& name = descriptor.release;
    const auto added = control::register_release(store_, payloads_,
                                                 boost::json::serialize(twin.publication.artifact.meta_data));
    if (!added) co_return added.error();
    store_.registered_by_import(release);
    if (twin.awaits_signature) {
        store_.keep_unsigned(name, twin.artifact);
        co_return ImportState::awaits_signature;
    }
    auto id = co_await mender::upload_artifact(host_.management(), std::move(twin.artifact),
                                               "two-path release " + name);
    if (!id && (id.error().code == Errc::unavailable || id.error().code == Errc::conflict)) {
        // Perhaps only the answer was lost, to this attempt or an earlier one.
        const auto kept = co_await host_.artifacts();
        const auto* const artifact = kept ? carrier(*kept, descriptor) : nullptr;
        if (artifact != nullptr) id = artifact->id;
    }
    if (!id) co_return id.error();
    store_.found_artifact(name, *id);
    co_return ImportState::done;
}

awaitable<void> Imports::look() {
    free_leftovers(store_, payloads_, grace_);
    co_await take_up_all();
    if (automatic_.tag.empty()) co_return;
    const auto tagged = co_await mender::tagged_releases(host_.management(), automatic_.tag);
    if (!tagged) co_return; // the host says so in the log; the next look comes
    for (const auto& release : *tagged)
        if (is_due(release)) co_await begin_tagged(release);
}

awaitable<void> Imports::take_up_all() {
    for (const auto& listed : store_.imports()) {
        if (stop_) co_return;
        auto order = store_.import(listed.release); // as it is now
        if (order && is_open(order->state) && running(order->release) == nullptr && waited(order->release))
            static_cast<void>(co_await take_up(std::move(*order)));
    }
}

/// What this run has not tried has waited long enough.
bool Imports::waited(const std::string& release) const {
    const auto found = imports_.find(release);
    if (found == imports_.end()) return true;
    const auto& before = found->second;
    const std::chrono::milliseconds ago{store_.clock().steady() - before.ended};
    return importing::is_due(before.why.code, before.attempts, ago);
}

bool Imports::is_due(const std::string& release) const {
    if (release.ends_with(twin_of("")) || store_.release(twin_of(release))) return false;
    const auto order = store_.import(release);
    if (order && (is_open(order->state) || order->reason == Errc::interrupted)) return false;
    const auto found = imports_.find(release);
    if (found == imports_.end()) return true;
    const auto& before = found->second;
    const std::chrono::milliseconds ago{store_.clock().steady() - before.ended};
    return before.state != ImportState::running && importing::is_due(before.why.code, before.tries, ago);
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
