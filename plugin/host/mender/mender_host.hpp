/// A real Mender server as the device-management framework, over its REST API.
#pragma once

#include "plugin/executors.hpp"
#include "plugin/host/host.hpp"
#include "plugin/host/mender/settings.hpp"

#include <memory>

namespace two_path::host {
namespace mender {
class Management;
}

/// Whether the files that the settings name can be used: bad_configuration, with the path. Asks nothing of
/// the server.
[[nodiscard]] Result<void> check(const MenderSettings& settings);

/// Everything runs on the worker executor, but for the connections. Nothing that the server does, or does not
/// do, ends a session: what it did not answer is `unavailable`, and asked again.
class MenderHost final : public Host {
  public:
    /// Reads the access token and the keys; the server may be away. bad_configuration as check() says.
    [[nodiscard]] static Result<std::unique_ptr<MenderHost>> create(Executors executors,
                                                                    const MenderSettings& settings);
    ~MenderHost() override;

    awaitable<Result<std::string>> device_of(std::string bearer, boost::asio::ip::address client) override;
    awaitable<Result<std::string>> operator_of(std::string bearer, boost::asio::ip::address client) override;
    awaitable<Result<std::optional<ActiveDeployment>>> active_deployment(std::string device) override;
    awaitable<Result<std::vector<EndedDeployment>>> ended(std::vector<DeviceDeployment> asked) override;
    awaitable<Result<OrderedUpdate>> order(UpdateOrder order) override;
    awaitable<Result<std::vector<KeptArtifact>>> artifacts() override;
    /// The server's management API, for what is asked of no other framework.
    [[nodiscard]] mender::Management& management();
    /// None: Mender's paths are the server's.
    void add_routes(control::Router& router) override;

  private:
    struct Parts;
    explicit MenderHost(std::unique_ptr<Parts> parts);
    std::unique_ptr<Parts> parts_;
};

} // namespace two_path::host
