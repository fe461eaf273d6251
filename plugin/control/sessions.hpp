/// A session's life on the plugin's side, without HTTP: who may open one, which step follows which, when it
/// ends.
#pragma once

#include "plugin/catalog/payloads.hpp"
#include "plugin/control/receiver.hpp"
#include "plugin/control/redeploying.hpp"
#include "plugin/host/host.hpp"
#include "plugin/state/admission.hpp"
#include "plugin/turn_rules.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>

namespace two_path::control {

struct SessionRules {
    /// Where devices find the FTP server; empty: the address under which they reached the HTTPS server.
    std::string second_path_host;
    std::uint16_t second_path_port{0};
    /// A session that no one speaks of for so long has expired.
    std::chrono::hours abandoned_after{std::chrono::hours{30 * 24}};
    /// How often a release is ordered again for a device after a transfer that failed on the way; 0: never.
    std::uint64_t redeploy{3};
    PushRules push{};
};

/// What is noted when a session's bulk goes over to HTTPS.
inline constexpr std::string_view fallback_note = "fallback";

/// The steps of docs/protocol.md, "First path". Used by the worker only. `device` is always the one behind
/// the bearer token: a session of another device is not_found. Steps that were taken before answer the same
/// again; out_of_order changes nothing.
class Sessions {
  public:
    /// All referred to must outlive it.
    Sessions(state::Store& store, state::Admission& admission, const catalog::Payloads& payloads,
             host::Host& host, SessionRules rules);

    /// Opens a session, or finds the one of this attempt. A new attempt supersedes the device's session that
    /// is not installed yet. unsupported, by name; not_deployed; payload_missing; payload_refused;
    /// forbidden: the plugin does not go where this device says that it listens;
    /// certification_invalid: this attempt's certification is dead; unavailable: the host did not answer;
    /// busy: it is not this device's turn.
    awaitable<Result<messages::OpenReply>> open(std::string device, messages::OpenRequest request,
                                                ClientAddresses reached);
    Result<void> stored(const std::string& device, const std::string& session);
    Result<void> transferred(const std::string& device, const std::string& session,
                             const messages::TransferReport& report);
    Result<void> invalidated(const std::string& device, const std::string& session);
    Result<void> progress(const std::string& device, const std::string& session,
                          const messages::Progress& progress);
    /// Accepted in every state from another boot than the session was opened in; from the same boot only once
    /// installed, and never when the release asks for a restart.
    Result<messages::VersionRequest> start(const std::string& device, const std::string& session,
                                           const messages::StartNotification& start);
    /// Compares exactly. aborted, superseded, expired, ...: why the session ended, when it has.
    Result<messages::Verdict> version(const std::string& device, const std::string& session,
                                      const messages::VersionReport& report);
    Result<void> failed(const std::string& device, const std::string& session,
                        const messages::FailureReport& report);
    /// A file of the session's release, for the device whose second path failed. Keeps the certification
    /// alive. forbidden by policy; busy when too many do; payload_refused for a file of another release.
    Result<catalog::OpenPayload> fall_back(const std::string& device, const std::string& session,
                                           const std::string& file);
    /// So many bytes of it were answered with, for whoever counts.
    void fell_back(const std::string& session, std::uint64_t bytes) { admission_.fell_back(session, bytes); }
    /// Called with the release of which a device was brought bytes that do not match.
    void on_tampered(std::function<void(const std::string& release)> listener) {
        on_tampered_ = std::move(listener);
    }
    Result<messages::SessionStatus> status(const std::string& device, const std::string& session);

    /// From now on; sessions that are open stay so.
    void change(TurnRules turns) { turns_ = std::move(turns); }

    /// busy, saying when to come again, while it is not the time of this group's devices.
    [[nodiscard]] Result<void> in_hours(const std::string& group) const;

    /// By the operator. out_of_order when it has ended.
    Result<void> abort(const std::string& session, const std::string& by);

    /// Ends what ran out of time; call it every few seconds.
    void expire();
    /// Ends what the operator ended in the host framework, and orders again what failed on the way; call it
    /// every `abort_poll_seconds`. Asks only for sessions in which something still runs.
    awaitable<void> poll_host();

  private:
    [[nodiscard]] Result<state::Session> find(const std::string& device, const std::string& session) const;
    [[nodiscard]] bool lives(const state::Session& session) const;
    /// Seconds that the certification still lives; 0 for a dead one.
    [[nodiscard]] std::uint64_t expires_in(const state::Session& session) const;
    [[nodiscard]] std::int64_t expiry_of_first_login() const;
    [[nodiscard]] Result<messages::OpenReply> again(const state::Session& session,
                                                    const messages::OpenRequest& request,
                                                    const ClientAddresses& reached);
    [[nodiscard]] messages::OpenReply reply(const state::Session& session, const Certification& certification,
                                            const ClientAddresses& reached) const;
    Result<void> step(state::Session& session, SessionStep step, std::string_view cause,
                      std::string_view detail);
    void end(state::Session& session, SessionStep step, Errc reason, std::string_view cause,
             std::string detail);
    [[nodiscard]] Result<void> check_receiver(const messages::OpenRequest& request,
                                              const ClientAddresses& reached) const;
    [[nodiscard]] Result<void> check_turn(const std::string& device, const std::string& group) const;
    void note_wait(const std::string& device, const messages::OpenRequest& request, const Error& why);
    Result<bool> count_fallback(const std::string& session);
    void supersede(const std::string& device);
    awaitable<void> end_aborted();
    Result<void> rolled_back(state::Session& session);

    state::Store& store_;
    state::Admission& admission_;
    const catalog::Payloads& payloads_;
    host::Host& host_;
    SessionRules rules_;
    TurnRules turns_;
    std::map<std::string, std::int64_t> fallbacks_; ///< by session: when it last asked, steady, ms
    std::map<std::string, std::string> waiting_;    ///< by device: the attempt that last waited for its turn
    Redeploying redeploying_;
    std::function<void(const std::string&)> on_tampered_{[](const std::string&) {}};
};

/// Why an ended session takes no more steps: the reason for which it was taken from the device, or
/// out_of_order.
[[nodiscard]] Error why_ended(const state::Session& session);

} // namespace two_path::control
