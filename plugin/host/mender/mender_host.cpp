#include "plugin/host/mender/mender_host.hpp"

#include "plugin/control/tls.hpp"
#include "plugin/host/mender/answers.hpp"
#include "plugin/host/mender/artifacts.hpp"
#include "plugin/host/mender/ended.hpp"
#include "plugin/host/mender/identities.hpp"
#include "plugin/host/mender/management.hpp"
#include "plugin/host/mender/update_order.hpp"

#include <utility>

namespace two_path::host {
namespace {

control::HttpsClientOptions options_of(const MenderSettings& settings) {
    control::HttpsClientOptions options;
    options.origin = settings.server;
    options.ca_file = settings.ca_file;
    return options;
}

/// Empty: none.
awaitable<Result<std::string>> group_of(mender::Management& management, std::string device) {
    const auto answer = co_await management.get("/v1/inventory/devices/" + device, mender::for_a_caller);
    if (!answer) co_return answer.error();
    if (answer->status == 404) co_return std::string(); // it has sent none yet
    if (answer->status != 200) co_return mender::unexpected(*answer, "the question for a device's group");
    auto inventory = mender::parse_inventory(answer->body);
    if (!inventory) co_return inventory.error();
    co_return std::move(inventory->group);
}

} // namespace

struct MenderHost::Parts {
    Parts(const Executors& executors, const MenderSettings& settings, mender::AccessToken token)
      : gateway(executors, options_of(settings))
      , management(gateway, std::move(token), settings.clock) {}

    mender::Server gateway;
    mender::Management management;
    std::unique_ptr<mender::Identities> identities;
};

Result<void> check(const MenderSettings& settings) {
    const auto made = MenderHost::create({}, settings);
    if (!made) return made.error();
    return {};
}

MenderHost::MenderHost(std::unique_ptr<Parts> parts)
  : parts_(std::move(parts)) {}

MenderHost::~MenderHost() = default;

Result<std::unique_ptr<MenderHost>> MenderHost::create(Executors executors, const MenderSettings& settings) {
    auto token = mender::AccessToken::open(settings.token_file);
    if (!token) return token.error();
    if (const auto tls = control::client_tls(settings.ca_file); !tls) return tls.error();
    auto parts = std::make_unique<Parts>(executors, settings, std::move(*token));
    auto identities = mender::Identities::create(executors, settings, parts->gateway);
    if (!identities) return identities.error();
    parts->identities = std::move(*identities);
    return std::unique_ptr<MenderHost>(new MenderHost(std::move(parts)));
}

awaitable<Result<std::string>> MenderHost::device_of(std::string bearer, boost::asio::ip::address client) {
    co_return co_await parts_->identities->device_of(std::move(bearer), client);
}

awaitable<Result<std::string>> MenderHost::operator_of(std::string bearer, boost::asio::ip::address client) {
    co_return co_await parts_->identities->operator_of(std::move(bearer), client);
}

awaitable<Result<std::optional<ActiveDeployment>>> MenderHost::active_deployment(std::string device) {
    const auto answer = co_await parts_->management.get("/v1/deployments/deployments/devices/" + device +
                                                            "?status=active&page=1&per_page=20",
                                                        mender::for_a_caller);
    if (!answer) co_return answer.error();
    if (answer->status == 404) co_return std::optional<ActiveDeployment>();
    if (answer->status != 200)
        co_return mender::unexpected(*answer, "the question for a device's active deployment");
    const auto parts = mender::parse_parts(answer->body);
    if (!parts) co_return parts.error();
    auto active = mender::active_of(*parts);
    if (!active) co_return active;
    auto group = co_await group_of(parts_->management, std::move(device));
    if (!group) co_return group.error();
    active->group = std::move(*group);
    co_return active;
}

awaitable<Result<std::vector<EndedDeployment>>> MenderHost::ended(std::vector<DeviceDeployment> asked) {
    co_return co_await mender::ended(parts_->management, std::move(asked));
}

awaitable<Result<OrderedUpdate>> MenderHost::order(UpdateOrder order) {
    co_return co_await mender::order_update(parts_->management, std::move(order));
}

awaitable<Result<std::vector<KeptArtifact>>> MenderHost::artifacts() {
    co_return co_await mender::two_path_artifacts(parts_->management);
}

mender::Management& MenderHost::management() {
    return parts_->management;
}

void MenderHost::add_routes(control::Router&) {}

} // namespace two_path::host
