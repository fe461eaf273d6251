#include "plugin/control/notice_api.hpp"

#include "plugin/control/result_notice.hpp"
#include "plugin/control/session_view.hpp"

namespace two_path::control {
namespace {

/// All dead letters, and the oldest of those that are still tried.
constexpr std::uint64_t most_listed = state::Store::max_dead_notices + 1000;

json::object notice_view(const state::Notice& notice) {
    json::object object{{"session", notice.session},
                        {"id", notice_id(notice.session)},
                        {"dead", notice.dead},
                        {"attempts", notice.attempts},
                        {"since", rfc3339(notice.since)}};
    if (!notice.dead) object["due"] = rfc3339(notice.due);
    if (!notice.error.empty()) object["error"] = notice.error;
    return object;
}

Response answer(bool found, const Request& request) {
    if (found) return Response::empty(204);
    return Response::of(fail(Errc::not_found, "no result of this session is owed"), request.id);
}

} // namespace

awaitable<Response> list_notices(const OperatorContext& context, Request&) {
    json::array list;
    for (const auto& notice : context.store.notices(most_listed))
        list.push_back(notice_view(notice));
    co_return Response::of(200, list);
}

awaitable<Response> retry_notice(const OperatorContext& context, Request& request) {
    co_return answer(context.store.tell_again(request.parameters["session"]), request);
}

awaitable<Response> remove_notice(const OperatorContext& context, Request& request) {
    co_return answer(context.store.forget_notice(request.parameters["session"]), request);
}

} // namespace two_path::control
