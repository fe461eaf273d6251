/// The server as the commands ask it: Mender's management API, and two-path's beside it.
#pragma once

#include "plugin/cli/shell.hpp"
#include "plugin/publishing/wire_stream.hpp"
#include "protocol/json.hpp"

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace two_path::cli {

/// One logged-in operator's view of one server. Errors are those of control::success_of(), and what the
/// transport failed with.
class Server {
  public:
    /// Of the account in the shell's settings. unauthorized when no one has logged in.
    [[nodiscard]] static Result<Server> open(const Shell& shell);
    /// With a password in place of a token: gives the token. `POST .../useradm/auth/login`
    [[nodiscard]] static Result<std::string> log_in(const Transport& transport, const std::string& email,
                                                    const std::string& password);

    [[nodiscard]] Result<json::value> get(const std::string& target) const;
    /// An answer of any length, piece by piece.
    [[nodiscard]] Result<void> stream(const std::string& target,
                                      std::function<Result<void>(std::span<const std::uint8_t>)> sink) const;
    /// All pages of one of Mender's lists.
    [[nodiscard]] Result<json::array> list(const std::string& target) const;
    /// The answer's `Location`, without the path before its last segment; empty when there is none.
    [[nodiscard]] Result<std::string> post(const std::string& target, const json::value& body) const;
    /// The object that answers.
    [[nodiscard]] Result<json::object> post_object(const std::string& target, const json::value& body) const;
    /// A file's content, at most 4 MiB.
    [[nodiscard]] Result<std::string> get_bytes(const std::string& target) const;
    [[nodiscard]] Result<void> put(const std::string& target, const json::value& body) const;
    [[nodiscard]] Result<void> remove(const std::string& target) const;

    /// Streams one file into the plugin's catalog. internal when it got other bytes.
    [[nodiscard]] Result<void> store(publishing::WireStream& stream) const;
    /// True when the release is new there, false when the same one was there already. `POST releases`
    [[nodiscard]] Result<bool> register_release(const json::object& meta_data) const;
    /// Gives the artifact's id. `POST .../deployments/artifacts`
    [[nodiscard]] Result<std::string> upload_artifact(const std::string& artifact,
                                                      const std::string& description) const;

  private:
    Server(Transport transport, const std::string& token);
    Result<control::ClientResponse> send(const char* method, const std::string& target,
                                         const json::value& body) const;
    Result<control::ClientResponse> run(control::ClientRequest request) const;

    Transport transport_;
    std::string authorization_; ///< secret
};

/// For one segment of a path, or one value of a query.
[[nodiscard]] std::string encoded(std::string_view text);

/// The paths of Mender's own management API that the commands use.
inline constexpr std::string_view devices_path = "/api/management/v2/devauth/devices";
inline constexpr std::string_view groups_path = "/api/management/v1/inventory/groups";
inline constexpr std::string_view deployments_path = "/api/management/v1/deployments/deployments";
inline constexpr std::string_view artifacts_path = "/api/management/v1/deployments/artifacts";

/// A path of two-path's own, e.g. own_path("/releases").
[[nodiscard]] std::string own_path(std::string_view part);

} // namespace two_path::cli
