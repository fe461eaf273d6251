/// Tells an external unit the result of each session, by HTTPS, until it has taken it or is given up.
#pragma once

#include "plugin/config.hpp"
#include "plugin/control/https_client.hpp"
#include "plugin/state/admission.hpp"
#include "protocol/encoding.hpp"

#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <random>
#include <string>

namespace two_path::control {

struct WebhookOptions {
    HttpsClientOptions client;
    std::string target; ///< path and query
    Bytes secret;
    std::chrono::milliseconds request_time{
        30'000}; ///< of one request, from its connection to its answer's end
    /// From the first attempt to the dead letters, and not before an hour of attempts since the start.
    std::chrono::seconds give_up{3 * 86'400};
};

/// Reads the secret (hex, 1 to 64 digits in pairs, as Mender takes it). bad_configuration: the URL is none
/// that the client can use, or the file cannot be read or holds something else; the detail names the setting.
[[nodiscard]] Result<WebhookOptions> webhook_options(const Settings& settings);

/// From a failed attempt to the next: doubled each time from a second to an hour, and spread over the upper
/// half of that by `spread`, 0 to 1. `attempts`: those that have failed, from 1.
[[nodiscard]] std::chrono::milliseconds retry_delay(std::uint64_t attempts, double spread);

/// Each notice is told at least once, one at a time, oldest first; one that the unit refuses does not hold up
/// the others. While the unit cannot be reached or is in trouble, nothing is sent but one attempt at a time.
/// Used by the worker only; requests run on the network's thread.
class Webhook {
  public:
    /// Has the store leave notices of what `settings` name a webhook for; null when they name none. What
    /// webhook_options() fails with. All referred to must outlive it.
    [[nodiscard]] static Result<std::unique_ptr<Webhook>> open(const Settings& settings, Executors executors,
                                                               state::Store& store,
                                                               const state::Admission& admission);
    Webhook(Executors executors, state::Store& store, WebhookOptions options);

    /// Until stop(). Throws what the store throws.
    awaitable<void> run();
    /// A notice is to be told at once.
    void wake();
    /// Ends run() soon; a request under way is cut off, and its notice is told again after the next start.
    void stop();

  private:
    [[nodiscard]] std::chrono::milliseconds time_to_next();
    awaitable<void> tell(state::Notice notice);
    awaitable<Result<ClientResponse>> send(const state::Notice& notice);
    void failed(const state::Notice& notice, const std::string& why, bool units_trouble);
    [[nodiscard]] std::chrono::milliseconds delay(std::uint64_t attempts);

    Executors executors_;
    state::Store& store_;
    WebhookOptions options_;
    boost::asio::steady_timer timer_;
    boost::asio::cancellation_signal cut_;
    std::minstd_rand random_{std::random_device{}()};
    std::int64_t began_;          ///< steady, ms
    std::uint64_t troubles_{0};   ///< attempts in a row that failed for the unit's sake
    std::int64_t pause_until_{0}; ///< steady, ms
    bool stopping_{false};
};

} // namespace two_path::control
