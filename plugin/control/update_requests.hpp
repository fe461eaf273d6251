/// Updates that a device's control part orders (claim C12).
#pragma once

#include "plugin/host/host.hpp"
#include "plugin/rate_limiter.hpp"
#include "plugin/state/store.hpp"

#include <cstdint>
#include <string>

namespace two_path::control {

/// Used by the worker only.
class UpdateRequests {
  public:
    /// `accepted`: the operator's policy. Store and host must outlive it.
    UpdateRequests(state::Store& store, host::Host& host, bool accepted);

    /// Has the host framework deploy a release to this one device; a deployment that is under way already is
    /// the answer itself. Only releases newer than what the device has committed are taken, by their
    /// stream's sequence; of these the one asked for, else the newest. forbidden: by policy; not_found:
    /// nothing newer; busy: the device had five new deployments made and gets one more each ten minutes;
    /// unavailable: the host did not answer.
    awaitable<Result<host::OrderedUpdate>> order(std::string device, messages::UpdateRequest request);
    /// Seconds until a device that is busy may order again.
    [[nodiscard]] std::int64_t wait_of(const std::string& device);

  private:
    [[nodiscard]] std::vector<std::string> newer(const std::string& device,
                                                 const messages::UpdateRequest& request);

    state::Store& store_;
    host::Host& host_;
    bool accepted_;
    RateLimiter limiter_{5, 600'000};
};

} // namespace two_path::control
