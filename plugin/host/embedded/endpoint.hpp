/// Routes of the embedded host: who may call, and the body read with a bound, before a plain function
/// answers.
#pragma once

#include "plugin/control/http.hpp"
#include "plugin/host/embedded/devices.hpp"
#include "plugin/host/embedded/parts.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace two_path::host::embedded {

inline constexpr std::size_t max_json_body = 1024 * 1024;

/// One call of an endpoint, whole.
struct Call {
    control::Request& request;
    std::string caller; ///< the device's id, or the user's token's id; empty on open routes
    std::string body;

    /// What the route's `{name}` matched.
    [[nodiscard]] const std::string& parameter(const std::string& name) const {
        return request.parameters.at(name);
    }
    /// The body as a JSON object; bad_request.
    [[nodiscard]] Result<json::object> object() const { return parse_object(body, "the body"); }
    /// The body as any JSON of at most 16 levels; bad_request.
    [[nodiscard]] Result<json::value> any() const;
};

/// Runs on the worker executor; an error becomes Mender's error body.
using Answer = Result<control::Response> (*)(Parts&, const Call&);
/// The same for what waits for another executor, to which it hops by itself.
using SlowAnswer = awaitable<Result<control::Response>> (*)(Parts&, const Call&);

/// Who may call a route.
enum class Caller : std::uint8_t { anyone, device, user };

/// Adds a route; `parts` must outlive the router.
void add_route(control::Router& router, Parts& parts, Caller caller, std::string method, std::string pattern,
               Answer answer, std::size_t max_body = max_json_body);
void add_route(control::Router& router, Parts& parts, Caller caller, std::string method, std::string pattern,
               SlowAnswer answer, std::size_t max_body = max_json_body);

/// Of `page` and `per_page`. The first is far beyond any list, and no product of the two overflows.
inline constexpr std::int64_t max_page = 1'000'000'000;
inline constexpr std::int64_t max_per_page = 500;

/// `page` (from 1) and `per_page` (default 20) of the query; bad_request.
[[nodiscard]] Result<Page> page_of(const control::Request& request);
/// A page of a list of `total`, with Mender's `X-Total-Count` and `Link` (RFC 8288).
[[nodiscard]] control::Response list_answer(const Call& call, Page page, json::array list,
                                            std::int64_t total);

/// Names what `content` is now (RFC 9110, section 8.8.3).
[[nodiscard]] std::string entity_tag(std::string_view content);
/// Whether the call's If-Match, where it has one, is about what is there now.
[[nodiscard]] bool matches(const Call& call, std::string_view entity_tag);

/// A new bearer token of a user as the body, a login's or one with a name; errors as add_user_token()'s.
[[nodiscard]] Result<control::Response> token_answer(Parts& parts, const std::string& user,
                                                     const std::optional<std::string>& name,
                                                     std::chrono::seconds lifetime);

// What Mender uses instead of an error's own status.
inline constexpr unsigned precondition_failed = 412;
inline constexpr unsigned unprocessable = 422;

/// An error answered with a status that Mender uses instead of the error's own.
[[nodiscard]] control::Response refusal(const Error& error, unsigned status, const Call& call);

// Each adds one group of Mender's endpoints.
void add_authentication_api(control::Router& router, Parts& parts);    ///< devices come in
void add_admission_api(control::Router& router, Parts& parts);         ///< operators let them in
void add_inventory_api(control::Router& router, Parts& parts);         ///< what devices say of themselves
void add_search_api(control::Router& router, Parts& parts);            ///< devices by what is known of them
void add_tag_api(control::Router& router, Parts& parts);               ///< what operators say of devices
void add_group_api(control::Router& router, Parts& parts);             ///< devices in groups
void add_login_api(control::Router& router, Parts& parts);             ///< operators log in and out
void add_user_api(control::Router& router, Parts& parts);              ///< who the operators are
void add_token_api(control::Router& router, Parts& parts);             ///< tokens for their programs
void add_settings_api(control::Router& router, Parts& parts);          ///< what their user interface keeps
void add_artifact_api(control::Router& router, Parts& parts);          ///< artifacts
void add_release_api(control::Router& router, Parts& parts);           ///< artifacts of one name
void add_upload_api(control::Router& router, Parts& parts);            ///< artifacts come in
void add_download_api(control::Router& router, Parts& parts);          ///< artifacts go out
void add_deployment_api(control::Router& router, Parts& parts);        ///< operators deploy
void add_device_deployment_api(control::Router& router, Parts& parts); ///< devices update

} // namespace two_path::host::embedded
