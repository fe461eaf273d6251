/// The built-in device-management framework: enough of Mender's own API for unmodified Mender clients and
/// mender-cli.
#pragma once

#include "plugin/clock.hpp"
#include "plugin/executors.hpp"
#include "plugin/host/host.hpp"
#include "plugin/state/database.hpp"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace two_path::host {

/// Who lets a new device in.
enum class Acceptance : std::uint8_t {
    manual,   ///< the operator, each key
    automatic ///< a device's first key by itself; a later key of a known device still needs the operator
};

struct EmbeddedSettings {
    std::filesystem::path state_dir; ///< exists; `keys/` and `artifacts/` are made in it
    Acceptance acceptance{Acceptance::manual};
    // Anyone may ask to come in, so what that leaves is bounded.
    std::int64_t max_pending{10'000};  ///< keys that wait for the operator; the next ones are refused
    std::int64_t max_accepted{10'000}; ///< from so many devices on, also `automatic` lets the operator decide
    /// A key that waits, never decided on, and does not ask for so long is forgotten.
    std::chrono::hours patience{7 * 24};
    std::chrono::seconds device_token_lifetime{std::chrono::hours(24 * 7)};
    std::chrono::seconds user_token_lifetime{std::chrono::hours(24 * 7)};
    std::chrono::seconds download_link_lifetime{std::chrono::hours(24)};
    std::uint64_t max_artifact_size{std::uint64_t{10} << 30U}; ///< bytes of a whole .mender
    /// Begins the download links given to devices, e.g. `https://updates.example.com`. Empty: `https://` and
    /// the request's own Host.
    std::string public_url;
    Clock clock{Clock::system()};
    /// Whether devices of a group (empty: of none) may begin an update by two-path now. Where they may not,
    /// its deployment stays pending.
    std::function<bool(const std::string& group)> may_begin{[](const std::string&) { return true; }};
};

/// Opens or creates `state_dir/host.db`, the embedded host's own; no other part reads it.
[[nodiscard]] Result<state::Database> open_embedded_database(const std::filesystem::path& state_dir);

/// Adds a user with all rights. `email` is kept in lower case; bad_request for one that is none, or a
/// password of under 8 or over 1024 bytes; conflict when the user exists. Takes a fraction of a second of CPU
/// (scrypt). Also used while the daemon runs (SQLite locks).
[[nodiscard]] Result<void> create_user(state::Database& database, std::string_view email,
                                       std::string_view password);

/// Gives a user another password and ends all of the user's logins. bad_request for the password as above;
/// not_found when there is no such user. As costly, and allowed at the same times.
[[nodiscard]] Result<void> set_password(state::Database& database, std::string_view email,
                                        std::string_view password);

namespace embedded {
struct Parts;
}

/// Mender's device and management API over one SQLite file. Everything runs on the worker executor, except
/// the reading of artifacts and the hashing of passwords, which run on the files executor.
class EmbeddedHost final : public Host {
  public:
    /// Makes the signing keys on the first start (`state_dir/keys`, mode 0600) and clears what an upload cut
    /// off by a crash left. bad_configuration: a key or folder that cannot be used, with the reason.
    [[nodiscard]] static Result<std::unique_ptr<EmbeddedHost>>
    create(Executors executors, EmbeddedSettings settings, state::Database database);
    ~EmbeddedHost() override;

    awaitable<Result<std::string>> device_of(std::string bearer, boost::asio::ip::address client) override;
    awaitable<Result<std::string>> operator_of(std::string bearer, boost::asio::ip::address client) override;
    awaitable<Result<std::optional<ActiveDeployment>>> active_deployment(std::string device) override;
    awaitable<Result<std::vector<EndedDeployment>>> ended(std::vector<DeviceDeployment> asked) override;
    awaitable<Result<OrderedUpdate>> order(UpdateOrder order) override;
    /// Forgets some of the deployments that ended before `time` (UNIX ms), with their logs; true: there may
    /// be more.
    [[nodiscard]] bool forget_deployments(std::int64_t time);
    /// The handlers refer to this host, which must outlive the router.
    awaitable<Result<std::vector<KeptArtifact>>> artifacts() override;
    void add_routes(control::Router& router) override;

  private:
    explicit EmbeddedHost(std::unique_ptr<embedded::Parts> parts);
    std::unique_ptr<embedded::Parts> parts_;
};

} // namespace two_path::host
