/// The results that the external unit has not taken: listed, told again, forgotten.
#pragma once

#include "plugin/control/operator_api.hpp"

namespace two_path::control {

awaitable<Response> list_notices(const OperatorContext& context, Request& request);
awaitable<Response> retry_notice(const OperatorContext& context, Request& request);
awaitable<Response> remove_notice(const OperatorContext& context, Request& request);

} // namespace two_path::control
