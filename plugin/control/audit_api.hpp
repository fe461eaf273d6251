/// The audit trail as operators export it.
#pragma once

#include "plugin/control/operator_api.hpp"

namespace two_path::control {

awaitable<Response> list_audit_files(const OperatorContext& context, Request& request);
awaitable<Response> send_audit_file(const OperatorContext& context, Request& request);

} // namespace two_path::control
