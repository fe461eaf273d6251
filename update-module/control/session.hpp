/// The plugin's device API as one session's steps (docs/protocol.md, "First path").
#pragma once

#include "protocol/messages.hpp"
#include "update-module/control/https_client.hpp"
#include "update-module/control/token.hpp"

#include <functional>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

namespace two_path::control {

/// Told once per kind of wait why a step takes long; one line, no secrets.
using Note = std::function<void(std::string_view line)>;

/// One session with the plugin. Every step may be repeated at will; each does so by itself until its
/// deadline: no connection, no token yet, 429 and 503 (after `Retry-After`), and 403 not_deployed for 30 s.
/// A 401 fetches a new token once. All other refusals come back at once with the plugin's own reason.
/// Besides these: plugin_unreachable, no_token, no_route, unauthorized.
class Session {
  public:
    /// `id`: of a session opened earlier. Source and client outlive the session.
    Session(TokenSource& tokens, HttpsClient& client, std::string id = {}, Note note = {});

    /// Gives the session its id. The certification is there when the plugin issues it, and valid; host and
    /// port are there in pull mode.
    Result<messages::OpenReply> open(const messages::OpenRequest& request, Deadline deadline);
    [[nodiscard]] const std::string& id() const noexcept { return id_; }

    /// The device has stored the first certification information.
    Result<void> stored(Deadline deadline);
    /// All blocks are there. Success is the plugin's request to invalidate (claim C5).
    Result<void> transferred(const messages::TransferReport& report, Deadline deadline);
    /// The device has forgotten the first certification information.
    Result<void> invalidated(Deadline deadline);
    Result<void> progress(const messages::Progress& progress, Deadline deadline);
    /// The start notification; gives the request for the version (claim C11).
    Result<messages::VersionRequest> start(const messages::StartNotification& start, Deadline deadline);
    Result<messages::Verdict> version(const messages::VersionReport& report, Deadline deadline);
    Result<void> failure(const messages::FailureReport& report, Deadline deadline);
    Result<messages::SessionStatus> status(Deadline deadline);
    /// `size` bytes of a file from `offset` on, over the first path: what follows when the second one failed.
    /// forbidden where the plugin's policy is another. Tries no longer than 5 s; more may follow at once.
    Result<std::string> part(std::string_view file, std::uint64_t offset, std::size_t size,
                             Deadline deadline);
    /// Outside any session: the device's control part orders an update (claim C12).
    Result<messages::UpdateReply> request_update(const messages::UpdateRequest& request, Deadline deadline);

  private:
    struct Trial;
    Result<std::string> step(HttpRequest request, std::initializer_list<unsigned> wanted, Deadline deadline);
    Result<void> tell(std::string method, std::string_view part, const std::string& body, Deadline deadline);
    Result<HttpReply> exchange(const HttpRequest& request, Trial& trial);
    static Result<milliseconds> wait_after(const Error& error, std::optional<std::chrono::seconds> asked,
                                           Trial& trial);

    TokenSource& tokens_;
    HttpsClient& client_;
    std::string id_;
    Note note_;
};

} // namespace two_path::control
