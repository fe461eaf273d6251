/// Whose bearer token is this: asked of the Mender server, or seen by its signature.
#pragma once

#include "plugin/host/address_limiter.hpp"
#include "plugin/host/mender/bearer.hpp"
#include "plugin/host/mender/server.hpp"
#include "plugin/host/mender/settings.hpp"
#include "plugin/host/mender/token_cache.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <string>

namespace two_path::host::mender {

/// Used by the worker. Anyone can show something that looks like a token. What strangers' tokens of one
/// address make the plugin ask has a limit: they cost Mender, its limit for the plugin's address, and
/// connections. One that has held within a day is no stranger's.
class Identities {
  public:
    /// Fifty, and two a second. One that holds does not count.
    static constexpr AddressLimiter::Rate strangers_rate{50, 500};

    /// `gateway` must outlive it. bad_configuration: the key cannot be used.
    [[nodiscard]] static Result<std::unique_ptr<Identities>>
    create(const Executors& executors, const MenderSettings& settings, Server& gateway);

    /// The device's id; unauthorized: the token does not hold or is a user's; unavailable, also over the
    /// limit for `client`.
    awaitable<Result<std::string>> device_of(std::string bearer, boost::asio::ip::address client);
    /// The user's e-mail address; unauthorized: the token does not hold or is a device's; unavailable as
    /// above.
    awaitable<Result<std::string>> operator_of(std::string bearer, boost::asio::ip::address client);

  private:
    Identities(Clock clock, Server& gateway, std::string verify_target);
    using Asking = awaitable<Result<std::string>>;
    awaitable<Result<std::string>> known_or(Asking asking, TokenCache& known, std::string bearer,
                                            boost::asio::ip::address client);
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
    TokenCache regulars_{std::chrono::milliseconds(std::chrono::hours(24)).count()}; ///< of both
    AddressLimiter strangers_{strangers_rate};
};

} // namespace two_path::host::mender
