/// Whose bearer token is this: asked of the Mender server, or seen by its signature.
#pragma once

#include "plugin/host/mender/bearer.hpp"
#include "plugin/host/mender/server.hpp"
#include "plugin/host/mender/settings.hpp"
#include "plugin/host/mender/token_cache.hpp"

#include <memory>
#include <optional>
#include <string>

namespace two_path::host::mender {

/// Used by the worker.
class Identities {
  public:
    /// `gateway` must outlive it. bad_configuration: the key cannot be used.
    [[nodiscard]] static Result<std::unique_ptr<Identities>>
    create(const Executors& executors, const MenderSettings& settings, Server& gateway);

    /// The device's id; unauthorized: the token does not hold or is a user's; unavailable.
    awaitable<Result<std::string>> device_of(std::string bearer);
    /// The user's e-mail address; unauthorized: the token does not hold or is a device's; unavailable.
    awaitable<Result<std::string>> operator_of(std::string bearer);

  private:
    Identities(Clock clock, Server& gateway, std::string verify_target);
    awaitable<Result<std::string>> ask_for_device(std::string bearer, std::string device);
    awaitable<Result<std::string>> ask_for_user(std::string bearer);
    [[nodiscard]] Server& verifier() { return deviceauth_ ? *deviceauth_ : gateway_; }

    Clock clock_;
    Server& gateway_;
    std::optional<Server> deviceauth_; ///< where that verifies
    std::string verify_target_;        ///< of `verifier()`
    std::optional<Key> key_;           ///< where its signature is all that is looked at
    TokenCache devices_;
    TokenCache users_;
};

} // namespace two_path::host::mender
