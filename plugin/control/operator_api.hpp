/// The operator API: payloads, releases and sessions, as docs/openapi.yaml describes them.
#pragma once

#include "plugin/control/http.hpp"
#include "plugin/control/session_feed.hpp"
#include "plugin/control/sessions.hpp"
#include "plugin/host/host.hpp"

namespace two_path::control {

class AuditTrail;
class Retention;
struct DoctorFacts;

/// What the endpoints work on. All referred to must outlive the router's last request.
struct OperatorContext {
    Executors executors;
    host::Host& host;
    state::Store& store;
    state::Admission& admission;
    const catalog::Payloads& payloads;
    Sessions& sessions;
    SessionFeed& feed;
    const AuditTrail* audit{nullptr};   ///< null: its endpoints are not served
    Retention* retention{nullptr};      ///< null: payloads have no quota
    const DoctorFacts* doctor{nullptr}; ///< null: its endpoint is not served
};

/// The endpoint for those whose bearer token is an operator's; `host` must outlive it.
[[nodiscard]] Handler for_operators(host::Host& host, Handler endpoint);

/// Adds the routes under messages::management_api.
void add_operator_api(Router& router, const OperatorContext& context);

} // namespace two_path::control
