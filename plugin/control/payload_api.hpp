/// The operator API's payloads: received as a stream, listed, removed.
#pragma once

#include "plugin/control/operator_api.hpp"

namespace two_path::control {

/// `POST payloads[?sha256=HEX]`: the body is the payload. `201 {id, size}`.
awaitable<Response> receive_payload(const OperatorContext& context, Request& request);
/// `GET payloads`.
awaitable<Response> list_payloads(const OperatorContext& context, Request& request);
/// `DELETE payloads/{payload}`: conflict while a release has it.
awaitable<Response> remove_payload(const OperatorContext& context, Request& request);

} // namespace two_path::control
