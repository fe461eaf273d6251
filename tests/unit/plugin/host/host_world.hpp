/// The embedded host on a folder and a clock of a test's own, called through its routes, without sockets.
#pragma once

#include "plugin/host/embedded/embedded_host.hpp"
#include "tests/support/plugin_world.hpp"
#include "tests/support/temporary_folder.hpp"
#include "tests/support/text_body.hpp"
#include "tests/unit/plugin/host/test_key.hpp"

#include <boost/asio/thread_pool.hpp>
#include <boost/json/parse.hpp>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace two_path::tests {

inline constexpr std::string_view auth_requests = "/api/devices/v1/authentication/auth_requests";
inline constexpr std::string_view devauth = "/api/management/v2/devauth/devices";
inline constexpr std::string_view artifacts_path = "/api/management/v1/deployments/artifacts";
inline constexpr std::string_view deployments_path = "/api/management/v1/deployments/deployments";
inline constexpr std::string_view attributes_path = "/api/devices/v1/inventory/device/attributes";
inline constexpr std::string_view next_v1 = "/api/devices/v1/deployments/device/deployments/next";
inline constexpr std::string_view next_v2 = "/api/devices/v2/deployments/device/deployments/next";

class HostWorld;

/// A device with its key and identity.
struct TestDevice {
    TestKey key{TestKey::ed25519()};
    std::string id_data{R"({"mac":"02:00:00:00:00:01"})"};
    std::string token;

    [[nodiscard]] std::string request_body() const;
    /// Asks to come in; keeps the token when it gets one.
    control::Response authenticate(HostWorld& world);
};

/// What a multipart upload of an artifact is made of.
struct UploadForm {
    std::string artifact;
    std::string before{
        "--b0und\r\nContent-Disposition: form-data; name=\"description\"\r\n\r\nfirst one\r\n"};
    std::string after{"\r\n--b0und--\r\n"};

    [[nodiscard]] std::string body() const;
};

class HostWorld {
  public:
    explicit HostWorld(host::Acceptance acceptance = host::Acceptance::automatic);
    ~HostWorld();

    /// The state as the next start of the daemon finds it.
    void restart();
    host::Host& host() { return *host_; }
    host::EmbeddedHost& embedded_host() { return *host_; }
    /// A second connection to the host's database, as `create-user` has one.
    state::Database& database() { return *database_; }
    host::EmbeddedSettings& settings() { return settings_; } ///< for the next restart

    /// One request. `target` may have a query; the body comes in pieces of `piece` bytes.
    control::Response call(const std::string& method, std::string_view target, const std::string& body = {},
                           control::Headers headers = {}, std::size_t piece = 64 * 1024);
    control::Response call(const std::string& method, std::string_view target, TextBody& body,
                           control::Headers headers);
    control::Response as(const std::string& token, const std::string& method, std::string_view target,
                         const std::string& body = {});
    control::Response as_user(const std::string& method, std::string_view target,
                              const std::string& body = {});
    /// A bearer token of a user who never logged in: no password is hashed for it.
    [[nodiscard]] const std::string& user_token();

    /// So many of the same request at once; `happens` runs when all that the files' thread will do for them
    /// waits for it.
    std::vector<control::Response> call_while(const std::function<void()>& happens, std::size_t count,
                                              const std::string& method, std::string_view target,
                                              const std::string& body, const control::Headers& headers);

    /// A device that is let in; `mac` is its identity.
    TestDevice accepted_device(const std::string& mac = "02:00:00:00:00:01");
    /// Its id, by the management API.
    std::string id_of(const TestDevice& device);

    control::Response upload(const UploadForm& form, std::size_t piece = 64 * 1024);
    control::Response upload(TextBody& body);
    /// Uploads an artifact, gives its id.
    std::string add_artifact(const std::string& name, const std::string& type = "board",
                             const std::string& payload_type = "single-file");
    /// Deploys it to all devices, gives the deployment's id.
    std::string deploy(const std::string& artifact, bool forced = false);

    TemporaryFolder folder;
    ManualClock time;
    std::string client{"192.0.2.7"}; ///< where requests come from

  private:
    control::Request request_of(const std::string& method, std::string_view target, TextBody& body,
                                control::Headers headers) const;

    boost::asio::thread_pool files_{1};
    host::EmbeddedSettings settings_;
    std::unique_ptr<host::EmbeddedHost> host_;
    std::unique_ptr<control::Router> router_;
    std::unique_ptr<state::Database> database_;
    std::string user_token_;
};

/// Of an answer with a JSON body.
json::value body_of(const control::Response& response);
/// Of an answer with a body or a file.
std::string bytes_of_answer(const control::Response& response);
/// The last segment of `Location`.
std::string id_in_location(const control::Response& response);
/// A small artifact.
std::string artifact_bytes(const std::string& name, const std::string& type, json::object depends = {},
                           const std::string& payload_type = "single-file");
/// What a device with this software asks `next` with.
std::string provides(const std::string& artifact_name, const std::string& type = "board");

} // namespace two_path::tests
