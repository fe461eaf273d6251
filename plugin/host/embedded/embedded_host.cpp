#include "plugin/host/embedded/embedded_host.hpp"

#include "plugin/host/embedded/artifacts.hpp"
#include "plugin/host/embedded/device_deployments.hpp"
#include "plugin/host/embedded/endpoint.hpp"
#include "plugin/host/embedded/old_deployments.hpp"
#include "plugin/host/embedded/update_order.hpp"
#include "plugin/host/embedded/users.hpp"

#include <system_error>

#include <sys/stat.h>

namespace two_path::host {
namespace {

#include "plugin/host/embedded/host_migrations.inc"

/// Ten attempts, and one every six seconds: enough for a slip, too little for a guess.
constexpr AddressLimiter::Rate login_rate{10, 6'000};
/// A thousand, and twenty a second: thousands of devices behind one address get in within minutes, and what
/// they may cost together stays small.
constexpr AddressLimiter::Rate newcomer_rate{1'000, 50};

Result<void> make_private_folder(const std::filesystem::path& folder) {
    std::error_code ec;
    std::filesystem::create_directory(folder, ec);
    if (!ec) std::filesystem::permissions(folder, std::filesystem::perms::owner_all, ec);
    if (ec) return fail(Errc::bad_configuration, folder.string() + ": cannot be used: " + ec.message());
    return {};
}

/// Removes files that an upload left when the daemon died before it was in the list, or after it was off it.
Result<void> remove_leftovers(state::Database& database, const catalog::Payloads& files) {
    const auto present = files.list();
    if (!present) return fail(Errc::bad_configuration, present.error().detail);
    for (const auto& file : *present) {
        if (embedded::is_stored(database, file.id)) continue;
        if (const auto removed = files.remove(file.id); !removed)
            return fail(Errc::bad_configuration, removed.error().detail);
    }
    return {};
}

/// Empty: it goes on.
std::string_view why_ended(state::Database& database, const DeviceDeployment& asked) {
    const auto part = embedded::find_part(database, asked.deployment, asked.device);
    if (!part) return "there is no such deployment any more";
    if (part->status == embedded::DeviceStatus::aborted) return "the deployment was aborted";
    if (part->status == embedded::DeviceStatus::decommissioned) return "the device was decommissioned";
    // Its token holds no more, but a login on the second path needs none.
    if (!embedded::is_accepted(database, asked.device)) return "the device is not accepted any more";
    return {};
}

} // namespace

Result<state::Database> open_embedded_database(const std::filesystem::path& state_dir) {
    return state::Database::open(state_dir / "host.db", migrations);
}

EmbeddedHost::EmbeddedHost(std::unique_ptr<embedded::Parts> parts)
  : parts_(std::move(parts)) {}

EmbeddedHost::~EmbeddedHost() = default;

Result<std::unique_ptr<EmbeddedHost>> EmbeddedHost::create(Executors executors, EmbeddedSettings settings,
                                                           state::Database database) {
    const auto keys = settings.state_dir / "keys";
    const auto artifacts = settings.state_dir / "artifacts";
    if (const auto made = make_private_folder(keys); !made) return made.error();
    if (const auto made = make_private_folder(artifacts); !made) return made.error();
    auto tokens = embedded::Tokens::open(keys / "tokens.pem");
    if (!tokens) return tokens.error();
    auto links = embedded::DownloadLinks::open(keys / "download-links.key");
    if (!links) return links.error();
    auto files = catalog::Payloads::open(artifacts);
    if (!files) return files.error();
    if (const auto removed = remove_leftovers(database, *files); !removed) return removed.error();
    auto parts = std::make_unique<embedded::Parts>(embedded::Parts{
        std::move(executors), std::move(settings), std::move(database), std::move(*tokens), std::move(*links),
        std::move(*files), AddressLimiter(login_rate), AddressLimiter(newcomer_rate)});
    return std::unique_ptr<EmbeddedHost>(new EmbeddedHost(std::move(parts)));
}

awaitable<Result<std::string>> EmbeddedHost::device_of(std::string bearer, boost::asio::ip::address) {
    co_return embedded::device_of(*parts_, bearer);
}

awaitable<Result<std::string>> EmbeddedHost::operator_of(std::string bearer, boost::asio::ip::address) {
    const auto token = embedded::user_token_of(*parts_, bearer);
    if (!token) co_return token.error();
    auto user = embedded::user_by_token(parts_->database, *token);
    if (!user) co_return fail(Errc::unauthorized, "the token was logged out");
    co_return std::move(user->email);
}

awaitable<Result<std::optional<ActiveDeployment>>> EmbeddedHost::active_deployment(std::string device) {
    const auto order = embedded::oldest_unfinished(parts_->database, device, true);
    if (!order) co_return std::optional<ActiveDeployment>();
    const auto artifact = embedded::find_artifact(parts_->database, order->part.artifact.value_or(""));
    if (!artifact) co_return std::optional<ActiveDeployment>();
    const auto shown = embedded::find_device(parts_->database, device);
    co_return ActiveDeployment{order->part.deployment, order->artifact_name, artifact->files(),
                               shown ? shown->group.value_or("") : std::string(), artifact->id};
}

awaitable<Result<std::vector<EndedDeployment>>> EmbeddedHost::ended(std::vector<DeviceDeployment> asked) {
    std::vector<EndedDeployment> over;
    for (auto& one : asked)
        if (const auto why = why_ended(parts_->database, one); !why.empty())
            over.push_back({std::move(one), std::string(why)});
    co_return over;
}

awaitable<Result<OrderedUpdate>> EmbeddedHost::order(UpdateOrder order) {
    co_return embedded::order_update(*parts_, order);
}

bool EmbeddedHost::forget_deployments(std::int64_t time) {
    return embedded::forget_deployments(parts_->database, time);
}

awaitable<Result<std::vector<KeptArtifact>>> EmbeddedHost::artifacts() {
    std::vector<KeptArtifact> ours;
    for (auto& artifact : embedded::list_artifacts(parts_->database, {}, {0, -1}))
        if (artifact.payload_type() == "two-path")
            ours.push_back({artifact.id, artifact.name, artifact.files()});
    co_return ours;
}

void EmbeddedHost::add_routes(control::Router& router) {
    embedded::add_authentication_api(router, *parts_);
    embedded::add_admission_api(router, *parts_);
    embedded::add_inventory_api(router, *parts_);
    embedded::add_search_api(router, *parts_);
    embedded::add_tag_api(router, *parts_);
    embedded::add_group_api(router, *parts_);
    embedded::add_login_api(router, *parts_);
    embedded::add_user_api(router, *parts_);
    embedded::add_token_api(router, *parts_);
    embedded::add_settings_api(router, *parts_);
    embedded::add_artifact_api(router, *parts_);
    embedded::add_release_api(router, *parts_);
    embedded::add_upload_api(router, *parts_);
    embedded::add_download_api(router, *parts_);
    embedded::add_deployment_api(router, *parts_);
    embedded::add_device_deployment_api(router, *parts_);
}

} // namespace two_path::host
