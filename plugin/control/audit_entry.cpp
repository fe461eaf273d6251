// Which requests the audit trail keeps, and what it calls them.
#include "plugin/control/audit_trail.hpp"

#include <array>

namespace two_path::control {
namespace {

struct Named {
    std::string_view method;
    std::string_view route;
    std::string_view action; ///< empty: it changes nothing, and is not kept
};

constexpr std::string_view management = "/api/management/";

// Routes are written as they are registered; what is not here is kept under its method and route.
constexpr std::array named_actions{
    Named{"POST", "/api/management/v1/useradm/auth/login", "login"},
    Named{"POST", "/api/management/v1/useradm/auth/logout", "logout"},
    Named{"POST", "/api/management/v1/two-path/payloads", "payload.add"},
    Named{"DELETE", "/api/management/v1/two-path/payloads/{payload}", "payload.remove"},
    Named{"POST", "/api/management/v1/two-path/releases", "release.publish"},
    Named{"DELETE", "/api/management/v1/two-path/releases/{release}", "release.remove"},
    Named{"PUT", "/api/management/v1/two-path/releases/{release}/artifact", "release.artifact"},
    Named{"POST", "/api/management/v1/two-path/imports", "release.import"},
    Named{"PUT", "/api/management/v1/two-path/notices/{session}/retry", "notice.retry"},
    Named{"DELETE", "/api/management/v1/two-path/notices/{session}", "notice.remove"},
    Named{"POST", "/api/management/v1/deployments/artifacts", "artifact.upload"},
    Named{"PUT", "/api/management/v1/deployments/artifacts/{artifact}", "artifact.describe"},
    Named{"DELETE", "/api/management/v1/deployments/artifacts/{artifact}", "artifact.remove"},
    Named{"POST", "/api/management/v1/deployments/deployments", "deployment.create"},
    Named{"POST", "/api/management/v1/deployments/deployments/group/{group}", "deployment.create"},
    Named{"PUT", "/api/management/v1/deployments/deployments/{deployment}/status", "deployment.abort"},
    Named{"POST", "/api/management/v1/deployments/deployments/statistics/list", ""},
    Named{"PUT", "/api/management/v2/devauth/devices/{device}/auth/{auth_set}/status", "device.decide"},
    Named{"DELETE", "/api/management/v2/devauth/devices/{device}", "device.decommission"},
    Named{"POST", "/api/management/v2/devauth/devices/search", ""},
    Named{"DELETE", "/api/management/v1/deployments/deployments/devices/{device}", "deployment.abort"},
    Named{"POST", "/api/management/v1/useradm/users", "user.create"},
    Named{"PUT", "/api/management/v1/useradm/users/{user}", "user.change"},
    Named{"DELETE", "/api/management/v1/useradm/users/{user}", "user.remove"},
    Named{"POST", "/api/management/v1/useradm/settings/tokens", "token.create"},
    Named{"DELETE", "/api/management/v1/useradm/settings/tokens/{token}", "token.revoke"},
    Named{"POST", "/api/management/v1/useradm/settings/me", ""},
    Named{"POST", "/api/management/v2/inventory/filters/search", ""},
    Named{"POST", "/api/devices/v1/two-path/update-requests", "update.request"},
};

std::string action_of(const Request& request) {
    for (const auto& one : named_actions)
        if (one.method == request.method && one.route == request.route) return std::string(one.action);
    if (request.method == "GET" || request.method == "HEAD" || !request.route.starts_with(management))
        return {};
    return request.method + " " + request.route;
}

/// What the route's places held, and what the endpoint said of itself.
std::string about_of(const Request& request, const Response& response) {
    std::string about = request.about;
    for (const auto& [name, value] : request.parameters)
        about.append(about.empty() ? "" : ", ").append(name).append(" ").append(value);
    const auto made = response.headers.find("Location");
    if (made == response.headers.end()) return about;
    const auto& place = made->second;
    return about.append(about.empty() ? "" : ", ").append(place.substr(place.find_last_of('/') + 1));
}

} // namespace

std::optional<AuditEntry> audit_entry(const Request& request, const Response& response) {
    auto action = action_of(request);
    // Strangers could fill the trail with what was refused; who tries to log in is kept, at a rate.
    if (action.empty() || request.caller.empty()) return std::nullopt;
    AuditEntry entry;
    entry.actor = request.caller;
    entry.address = request.client.to_string();
    entry.action = std::move(action);
    entry.about = about_of(request, response);
    entry.status = response.status;
    entry.request = request.id;
    return entry;
}

} // namespace two_path::control
