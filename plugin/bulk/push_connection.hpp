/// One visit of the plugin to a device that listens (push).
#pragma once

#include "ftp/client.hpp"
#include "plugin/bulk/account.hpp"
#include "plugin/catalog/payloads.hpp"
#include "plugin/executors.hpp"
#include "plugin/state/admission.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace two_path::bulk {

/// What a session's device is to get, and where.
struct PushOrder {
    std::string session;
    messages::Receiver receiver;
    ftp::PortRange ports;                                     ///< of the device's data connections
    std::vector<std::pair<std::string, std::uint64_t>> files; ///< id and encoded bytes, in order
};

/// On the network executor; destroyed when `deliver` has completed.
class PushConnection {
  public:
    /// The data ports of `limits` are the order's.
    PushConnection(Executors executors, state::Admission& admission, const catalog::Payloads& payloads,
                   PushOrder order, ftp::ClientOptions limits = {});

    /// Connects, logs in by certification, and sends what the device says that it misses. Gives, for people,
    /// why the device does not hold everything now; empty when it does.
    /// Calls `logged_in` when the device is known to be the one.
    awaitable<std::string> deliver(std::function<void()> logged_in);
    /// Bytes that the device was seen to hold.
    [[nodiscard]] std::uint64_t reached() const noexcept { return reached_; }
    /// Holds it to a rate, in bytes per second, 0 to none; at any time.
    void pace(std::uint64_t rate) { client_.pace(rate); }
    /// Ends `deliver` early; at any time.
    void close() noexcept { client_.close(); }

  private:
    awaitable<std::string> log_in();
    awaitable<std::string> send(std::string file, std::uint64_t size);
    awaitable<ftp::Outcome<void>> store(std::string file, std::uint64_t offset, std::uint64_t size);
    [[nodiscard]] std::string place() const;

    Executors executors_;
    state::Admission& admission_;
    const catalog::Payloads& payloads_;
    PushOrder order_;
    ftp::Client client_;
    std::shared_ptr<Account> account_;
    std::uint64_t reached_{0};
};

} // namespace two_path::bulk
