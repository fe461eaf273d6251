/// Sessions, events and releases as the operator API shows them (docs/openapi.yaml).
#pragma once

#include "plugin/state/admission.hpp"
#include "protocol/json.hpp"

#include <cstdint>
#include <string>

namespace two_path::control {

/// UNIX milliseconds as RFC 3339 in UTC, e.g. `2026-01-31T23:59:59.125Z`.
[[nodiscard]] std::string rfc3339(std::int64_t unix_milliseconds);

/// As it stands now, with what was sent up to now and what came after it.
[[nodiscard]] json::object live_view(state::Store& store, const state::Admission& admission,
                                     const state::Session& session);
/// `sent`: bytes on the second path up to now.
[[nodiscard]] json::object view(const state::Session& session, std::uint64_t sent);
/// What came after a session whose transfer failed; without the deployment as long as it is not ordered.
[[nodiscard]] json::object view(const state::Redeployment& redeployment);
[[nodiscard]] json::object view(const state::Event& event);
/// Without the descriptor's details; `sessions/{name}` adds it whole.
[[nodiscard]] json::object view(const state::Release& release);

} // namespace two_path::control
