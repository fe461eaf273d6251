/// The device API's paths, requests and replies (docs/protocol.md, "First path"); JSON to structs and back.
#pragma once

#include "protocol/certification.hpp"
#include "protocol/digest.hpp"
#include "protocol/json.hpp"
#include "protocol/session_state.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace two_path::messages {

/// The newest protocol this release speaks. The device offers its newest, and the plugin answers with the
/// newest that both speak, so that either may be upgraded first.
inline constexpr std::uint64_t protocol = 1;
/// The oldest one: that of the release before, once there is one.
inline constexpr std::uint64_t oldest_protocol = 1;
inline constexpr std::string_view device_api = "/api/devices/v1/two-path";
inline constexpr std::string_view management_api = "/api/management/v1/two-path";
/// Larger request bodies of the device API are refused; bytes.
inline constexpr std::size_t max_body = 64 * 1024;

/// The paths below device_api.
[[nodiscard]] std::string sessions_path();
[[nodiscard]] std::string session_path(std::string_view session, std::string_view part = {});
[[nodiscard]] std::string update_requests_path();

/// Where the device's FTP server listens (push).
struct Receiver {
    std::string host;
    std::uint16_t port{0};
    bool operator==(const Receiver&) const = default;
};

/// `POST /sessions`.
struct OpenRequest {
    std::uint64_t protocol{messages::protocol}; ///< offered; parsed, the newest that both speak
    std::string module_version;
    std::vector<std::uint64_t> formats; ///< descriptor formats that the module reads
    std::string attempt;                ///< a nonce; the same again gives the same session
    std::string release;
    std::vector<std::string> files; ///< ids
    Issuer issuer{Issuer::plugin};
    std::optional<std::string> certification; ///< issuer = device only; secret
    Mode mode{Mode::pull};
    std::optional<Receiver> receiver; ///< mode = push only
    std::vector<DigestKind> digests;  ///< fastest first
    std::string version;              ///< what the device runs now; empty when it cannot tell
    std::string device_type;
    std::string boot_id;

    /// unsupported for a protocol that is too old, and for an issuer, mode or digests that it does not know,
    /// by name.
    [[nodiscard]] static Result<OpenRequest> parse(std::string_view body);
    [[nodiscard]] json::object to_json() const;
};

/// `201` to it.
struct OpenReply {
    std::uint64_t protocol{messages::protocol};
    std::string session;
    std::optional<std::string> certification; ///< issuer = plugin; secret
    std::uint64_t expires_in{0};              ///< seconds until the first login must have come
    Mode mode{Mode::pull};
    std::string host; ///< of the FTP server: pull the plugin's, push the device's own
    std::uint16_t port{0};
    std::vector<std::string> push_from; ///< addresses the plugin pushes from

    [[nodiscard]] static Result<OpenReply> parse(std::string_view body);
    [[nodiscard]] json::object to_json() const;
};

/// `PUT /sessions/{id}/transfer`.
struct TransferReport {
    std::uint64_t bytes{0};         ///< of the payload that are there and verified
    std::uint64_t fetched_twice{0}; ///< bytes that crossed a path more than once
    std::uint64_t resumed{0};       ///< bytes kept from an earlier run, or found in a seed
    double seconds{0};              ///< wall time
    double cpu_seconds{0};          ///< user + system, of all processes of the module
    std::string digest;             ///< the one used
    std::string path;               ///< `ftp`, `https`, `kept` or a `+` of them

    [[nodiscard]] static Result<TransferReport> parse(std::string_view body);
    [[nodiscard]] json::object to_json() const;
};

/// `PUT /sessions/{id}/progress`: installed, committed or rolled_back.
struct Progress {
    SessionStep step{SessionStep::installed};
    /// The device compared the version itself while the plugin was away (committed only).
    bool compared_offline{false};

    [[nodiscard]] static Result<Progress> parse(std::string_view body);
    [[nodiscard]] json::object to_json() const;
};

/// `POST /sessions/{id}/start`: the start notification.
struct StartNotification {
    std::string boot_id;
    [[nodiscard]] static Result<StartNotification> parse(std::string_view body);
    [[nodiscard]] json::object to_json() const;
};

/// `200` to it: the request for the version.
struct VersionRequest {
    std::string nonce; ///< answers only this request
    [[nodiscard]] static Result<VersionRequest> parse(std::string_view body);
    [[nodiscard]] json::object to_json() const;
};

/// `PUT /sessions/{id}/version`.
struct VersionReport {
    std::string version; ///< read from what is installed; empty when it cannot be read
    std::string nonce;
    std::string boot_id;
    [[nodiscard]] static Result<VersionReport> parse(std::string_view body);
    [[nodiscard]] json::object to_json() const;
};

/// `200` to it.
struct Verdict {
    bool confirmed{false};
    std::string expected;
    std::string reported;
    [[nodiscard]] static Result<Verdict> parse(std::string_view body);
    [[nodiscard]] json::object to_json() const;
};

/// `PUT /sessions/{id}/failure`.
struct FailureReport {
    std::string stage; ///< the module's state and step, for people
    Error
        error; ///< reason and detail; a reason this release does not know is kept as internal, in the detail
    std::uint64_t kept{0}; ///< bytes of the payload that are verified and stay for the next attempt
    [[nodiscard]] static Result<FailureReport> parse(std::string_view body);
    [[nodiscard]] json::object to_json() const;
};

/// `200` to `GET /sessions/{id}`.
struct SessionStatus {
    SessionState state{SessionState::opened};
    std::optional<Errc> reason;
    std::uint64_t expires_in{0}; ///< seconds the certification still lives
    [[nodiscard]] static Result<SessionStatus> parse(std::string_view body);
    [[nodiscard]] json::object to_json() const;
};

/// `POST /update-requests`: the device's control part wants an update.
struct UpdateRequest {
    std::string release;                            ///< empty: the newest
    std::map<std::string, std::uint64_t> committed; ///< the sequence last committed, by stream; at most 256
    [[nodiscard]] static Result<UpdateRequest> parse(std::string_view body);
    [[nodiscard]] json::object to_json() const;
};

/// `202` to it.
struct UpdateReply {
    std::string deployment; ///< the framework's id of it
    std::string release;
    [[nodiscard]] static Result<UpdateReply> parse(std::string_view body);
    [[nodiscard]] json::object to_json() const;
};

/// Every failure's body, as Mender's own: `{"error","request_id"}` and the stable `reason`.
struct ErrorBody {
    Error error;
    std::string request_id;
    /// None when the body is not ours: a gateway's page, or another service's answer.
    [[nodiscard]] static std::optional<ErrorBody> parse(std::string_view body);
    [[nodiscard]] json::object to_json() const;
};

} // namespace two_path::messages
