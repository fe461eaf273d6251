#include "plugin/importing/import_api.hpp"

#include "plugin/control/operator_api.hpp"
#include "plugin/importing/imports.hpp"
#include "protocol/messages.hpp"

namespace two_path::importing {
namespace {

using control::Request;
using control::Response;

json::object view(const Import& import) {
    json::object object{{"release", import.release},
                        {"twin", twin_of(import.release)},
                        {"state", name_of(import.state)},
                        {"size", import.size},
                        {"fetched", import.fetched ? import.fetched->load() : 0},
                        {"attempts", import.attempts}};
    if (import.state != ImportState::failed && import.state != ImportState::waiting) return object;
    const auto& row = info(import.why.code);
    object["reason"] = row.reason;
    object["meaning"] = row.meaning;
    object["advice"] = row.advice;
    object["detail"] = import.why.detail;
    return object;
}

awaitable<Result<Import>> begin(Imports& imports, Request& request) {
    const auto body = co_await request.body->all(Descriptor::max_text);
    if (!body) co_return body.error();
    const auto object = parse_object(*body, "the request");
    if (!object) co_return object.error();
    Fields fields(*object, "import");
    const auto release = fields.text("release");
    if (fields.ok() && !is_name(release)) fields.refuse("`release` must have 1 to 255 bytes");
    if (!fields.ok()) co_return fields.error();
    request.about = "release " + release;
    auto options = publishing::parse_release_options(*object);
    if (!options) co_return options.error();
    co_return co_await imports.begin(release, std::move(*options));
}

awaitable<Response> begin_import(Imports* imports, Request& request) {
    if (imports == nullptr) {
        const auto none = fail(Errc::unsupported, "imports are from a Mender server, which is not the host "
                                                  "here; publish the artifact's file itself");
        co_return Response::of(none, request.id);
    }
    const auto begun = co_await begin(*imports, request);
    if (!begun) co_return Response::of(begun.error(), request.id);
    co_return Response::of(202, view(*begun));
}

awaitable<Response> list_imports(Imports* imports, Request&) {
    json::array list;
    for (const auto& import : imports == nullptr ? std::vector<Import>() : imports->list())
        list.push_back(view(import));
    co_return Response::of(200, list);
}

awaitable<Response> show_import(Imports* imports, Request& request) {
    const auto import = imports == nullptr ? std::nullopt : imports->find(request.parameters["release"]);
    if (!import) {
        const auto unknown = fail(Errc::not_found, "no import of this release is known");
        co_return Response::of(unknown, request.id);
    }
    co_return Response::of(200, view(*import));
}

} // namespace

void add_import_api(control::Router& router, host::Host& host, Imports* imports) {
    const std::string path = std::string(messages::management_api) + "/imports";
    router.add("POST", path, control::for_operators(host, [imports](Request& request) {
                   return begin_import(imports, request);
               }));
    router.add("GET", path, control::for_operators(host, [imports](Request& request) {
                   return list_imports(imports, request);
               }));
    router.add("GET", path + "/{release}", control::for_operators(host, [imports](Request& request) {
                   return show_import(imports, request);
               }));
}

} // namespace two_path::importing
