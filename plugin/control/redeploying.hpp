/// Ordering a release again after a transfer that failed on the way (docs/protocol.md, "Ordered again").
#pragma once

#include "plugin/host/host.hpp"
#include "plugin/state/store.hpp"

#include <cstdint>
#include <string>

namespace two_path::control {

/// Used by the worker only.
class Redeploying {
  public:
    /// `most`: for each device and release, until that release is committed; 0: never. Store and host must
    /// outlive it.
    Redeploying(state::Store& store, host::Host& host, std::uint64_t most);

    /// A device reports that the session failed; called before that is taken as a step. Makes up its mind and
    /// keeps it: the order follows in order_due().
    void consider(const state::Session& session, const messages::FailureReport& report);
    /// The device has committed: its count begins anew.
    void succeeded(const state::Session& session);
    /// Orders what is due and whose failed deployment has ended; call it every `abort_poll_seconds`.
    awaitable<void> order_due();

  private:
    awaitable<void> order(state::Redeployment due);
    void note(const std::string& session, const std::string& what);

    state::Store& store_;
    host::Host& host_;
    std::uint64_t most_;
};

} // namespace two_path::control
