/// The operator API's releases: registered by their descriptor, listed, removed.
#pragma once

#include "plugin/control/operator_api.hpp"

namespace two_path::control {

/// A release that is there now.
struct Registered {
    state::Release release;
    bool is_new{false}; ///< false: the same was there already
};
/// By its descriptor's text, the descriptor artifact's meta-data. conflict: another one has its name;
/// payload_missing: the catalog lacks a file; bad_descriptor.
[[nodiscard]] Result<Registered> register_release(state::Store& store, const catalog::Payloads& payloads,
                                                  std::string text);

/// `POST releases`: the body is the descriptor artifact's meta-data. `201`, or `200` when the same is there
/// already; conflict for another one of that name; payload_missing when the catalog lacks a file.
awaitable<Response> add_release(const OperatorContext& context, Request& request);
/// `GET releases`, newest first.
awaitable<Response> list_releases(const OperatorContext& context, Request& request);
/// `GET releases/{release}`, with the descriptor.
awaitable<Response> show_release(const OperatorContext& context, Request& request);
/// `GET releases/{release}/artifact`: the .mender that is to be signed.
awaitable<Response> show_unsigned_artifact(const OperatorContext& context, Request& request);
/// `PUT releases/{release}/artifact` with `{"id"}`, the framework's own for it. `204`.
awaitable<Response> record_artifact(const OperatorContext& context, Request& request);
/// `DELETE releases/{release}`: conflict while a session runs. Its payloads stay.
awaitable<Response> remove_release(const OperatorContext& context, Request& request);

} // namespace two_path::control
