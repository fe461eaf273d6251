/// Whose fault it is when a device is brought bytes that do not match: perhaps the plugin's own disk's.
#pragma once

#include "plugin/catalog/payloads.hpp"
#include "plugin/executors.hpp"
#include "plugin/state/store.hpp"

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <string>

namespace two_path::control {

/// Used by the worker only.
class PayloadCheck {
  public:
    /// Store and payloads must outlive it.
    PayloadCheck(Executors executors, state::Store& store, const catalog::Payloads& payloads);

    /// Has the payloads of the release read and compared with their names, on the thread for files; each once
    /// an hour at most. One that is damaged is put aside, and the log says so: from then on the release's
    /// payload is missing, until it is published again.
    void suspect(const std::string& release);
    /// What is being read is read no further.
    void stop();

  private:
    Executors executors_;
    state::Store& store_;
    const catalog::Payloads& payloads_;
    std::shared_ptr<std::atomic<bool>> stopping_{std::make_shared<std::atomic<bool>>(false)};
    std::map<std::string, std::int64_t> checked_; ///< by payload: when, steady, ms
};

} // namespace two_path::control
