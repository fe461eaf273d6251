/// Shares the second path's rate among the transfers that run.
#pragma once

#include "plugin/bulk/rates.hpp"

#include <cstdint>
#include <functional>
#include <map>

namespace two_path::bulk {

/// Used on the network executor.
class Pacing {
  public:
    /// Holds one connection to a rate, in bytes per second; 0: none.
    using Pace = std::function<void(std::uint64_t)>;

    /// From now on, also for what runs.
    void change(Rates rates);

    /// One connection more, known by `who` until it leaves; it is paced at once. `pace` may be called until
    /// then.
    void join(const void* who, Pace pace);
    void leave(const void* who);

  private:
    void share();
    void share_anew();

    Rates rates_;
    std::size_t shared_by_{0}; ///< connections, when the rate was last shared out
    std::map<const void*, Pace> connections_;
};

} // namespace two_path::bulk
