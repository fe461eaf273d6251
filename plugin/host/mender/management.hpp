/// A Mender server's management API, asked with the plugin's personal access token.
#pragma once

#include "plugin/clock.hpp"
#include "plugin/host/mender/access_token.hpp"
#include "plugin/host/mender/server.hpp"
#include "protocol/json.hpp"

#include <cstddef>
#include <cstdint>
#include <string>

namespace two_path::host::mender {

/// Entries of a list that the server gives at once.
inline constexpr std::size_t max_page = 500;

/// Used by the worker.
class Management {
  public:
    /// `server` must outlive it.
    Management(Server& server, AccessToken token, Clock clock);

    /// `target` follows `/api/management`. What the server answers, but unavailable, beside what
    /// Server::ask() says: it refuses the token (the file is read again first; the log says so).
    awaitable<Result<control::ClientResponse>> get(std::string target, Patience patience);
    /// `repeatable`: it changes nothing.
    awaitable<Result<control::ClientResponse>> post(std::string target, json::value body, bool repeatable,
                                                    Patience patience);

    /// An artifact as a form.
    awaitable<Result<control::ClientResponse>> post_artifact(std::string target, std::string artifact,
                                                             std::string description, Patience patience);

  private:
    awaitable<Result<control::ClientResponse>> ask(control::ClientRequest request, Patience patience);
    [[nodiscard]] bool renew_token(const control::ClientRequest& refused);
    [[nodiscard]] std::string authorization() const;
    Error refused(unsigned status);

    Server& server_;
    AccessToken token_;
    Clock clock_;
    std::int64_t told_{0}; ///< steady, ms: when the log last told of a refused token; 0: it is accepted
};

/// unavailable for an answer that is not what was asked for; `what` was. The log tells of each such `what`
/// and status once a minute at most. For the worker only.
[[nodiscard]] Error unexpected(const control::ClientResponse& response, const std::string& what);

} // namespace two_path::host::mender
