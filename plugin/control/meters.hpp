/// What sessions came to since the plugin started, counted as it happens.
#pragma once

#include "plugin/state/records.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <utility>

namespace two_path::control {

/// By the path that a transfer took and its mode. Devices report it; one that lies adds no more than its
/// session has bytes and has lasted.
struct TransferSum {
    std::uint64_t transfers{0};
    std::uint64_t bytes{0}; ///< verified, without what was kept from an earlier attempt
    double seconds{0};      ///< wall time
    double cpu_seconds{0};  ///< of the devices
};

/// Used by the worker only.
class Meters {
  public:
    /// For the store: a session is in another state now.
    void moved(const state::Session& session);
    /// For the store: a session's bulk goes over to HTTPS.
    void fell_back() { ++fallbacks_; }
    /// For the admission: bytes of the bulk went out.
    void sent(const state::Sent& more);

    /// By final state and reason; the reason is empty where there is none.
    [[nodiscard]] const std::map<std::pair<std::string, std::string>, std::uint64_t>& ended() const {
        return ended_;
    }
    /// By path and mode. A path is `ftp`, `https`, `kept` or several joined by `+`, else `other`: devices
    /// name it, and must not make labels up.
    [[nodiscard]] const std::map<std::pair<std::string, std::string>, TransferSum>& transfers() const {
        return transfers_;
    }
    [[nodiscard]] const state::Sent& sent() const { return sent_; }
    [[nodiscard]] std::uint64_t fallbacks() const { return fallbacks_; }

  private:
    std::map<std::pair<std::string, std::string>, std::uint64_t> ended_;
    std::map<std::pair<std::string, std::string>, TransferSum> transfers_;
    state::Sent sent_{};
    std::uint64_t fallbacks_{0};
};

} // namespace two_path::control
