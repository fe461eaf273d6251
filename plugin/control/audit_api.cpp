#include "plugin/control/audit_api.hpp"

#include "plugin/control/audit_trail.hpp"
#include "plugin/control/file_answer.hpp"

namespace two_path::control {

awaitable<Response> list_audit_files(const OperatorContext& context, Request& request) {
    const auto files = context.audit->files();
    if (!files) co_return Response::of(files.error(), request.id);
    json::array list;
    for (const auto& file : *files)
        list.push_back(json::object{{"name", file.name}, {"size", file.size}});
    co_return Response::of(200, list);
}

awaitable<Response> send_audit_file(const OperatorContext& context, Request& request) {
    auto file = context.audit->open_file(request.parameters["file"]);
    if (!file) co_return Response::of(file.error(), request.id);
    co_return answer_with_file(request, std::move(*file), "application/x-ndjson", {});
}

} // namespace two_path::control
