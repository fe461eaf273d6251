// Artifacts (Mender's management API, `deployments`).
#include "plugin/host/embedded/artifact_removal.hpp"
#include "plugin/host/embedded/deployments.hpp"
#include "plugin/host/embedded/endpoint.hpp"
#include "plugin/host/embedded/public_url.hpp"
#include "plugin/host/embedded/timestamp.hpp"

#include <algorithm>

namespace two_path::host::embedded {
namespace {

constexpr Page everything{0, -1};
constexpr std::size_t max_artifact_description = 4096;

Error no_such_artifact() {
    return fail(Errc::not_found, "no such artifact");
}

json::array documents(const std::vector<StoredArtifact>& artifacts) {
    json::array list;
    for (const auto& artifact : artifacts)
        list.push_back(artifact.document);
    return list;
}

ArtifactFilter artifact_filter(const control::Request& request) {
    ArtifactFilter filter;
    const auto [first, last] = request.query.equal_range("name");
    std::for_each(first, last, [&filter](const auto& pair) { filter.names.push_back(pair.second); });
    filter.description = request.query_value("description");
    filter.device_type = request.query_value("device_type");
    return filter;
}

Result<control::Response> list_all(Parts& parts, const Call& call) {
    return control::Response::of(
        200, documents(list_artifacts(parts.database, artifact_filter(call.request), everything)));
}

Result<control::Response> list_page(Parts& parts, const Call& call) {
    const auto page = page_of(call.request);
    if (!page) return page.error();
    const auto filter = artifact_filter(call.request);
    return list_answer(call, *page, documents(list_artifacts(parts.database, filter, *page)),
                       count_artifacts(parts.database, filter));
}

Result<control::Response> show_artifact(Parts& parts, const Call& call) {
    const auto artifact = find_artifact(parts.database, call.parameter("artifact"));
    if (!artifact) return no_such_artifact();
    return control::Response::of(200, artifact->document);
}

Result<control::Response> edit_artifact(Parts& parts, const Call& call) {
    const auto body = call.object();
    if (!body) return body.error();
    Fields fields(*body, "the artifact");
    const auto description = fields.text("description");
    if (description.size() > max_artifact_description)
        fields.refuse("`description` is over " + std::to_string(max_artifact_description) + " bytes");
    if (!fields.ok()) return fields.error();
    if (!describe_artifact(parts.database, call.parameter("artifact"), description))
        return no_such_artifact();
    return control::Response::empty(204);
}

Result<control::Response> delete_artifact(Parts& parts, const Call& call) {
    const auto artifact = find_artifact(parts.database, call.parameter("artifact"));
    if (!artifact) return no_such_artifact();
    if (is_being_deployed(parts.database, artifact->name))
        return fail(Errc::conflict, "a deployment of this artifact is not finished");
    remove_with_files(parts, {*artifact});
    return control::Response::empty(204);
}

Result<control::Response> link(Parts& parts, const Call& call) {
    const auto artifact = find_artifact(parts.database, call.parameter("artifact"));
    if (!artifact) return no_such_artifact();
    const auto base = public_url(parts, call.request);
    if (!base) return base.error();
    const auto expires = parts.now_in_seconds() + parts.settings.download_link_lifetime.count();
    return control::Response::of(200, json::object{{"uri", *base + parts.links.link(artifact->id, expires)},
                                                   {"expire", rfc3339(expires * 1000)}});
}

} // namespace

void add_artifact_api(control::Router& router, Parts& parts) {
    const std::string artifacts = "/api/management/v1/deployments/artifacts";
    add_route(router, parts, Caller::user, "GET", artifacts, list_all);
    add_route(router, parts, Caller::user, "GET", artifacts + "/list", list_page);
    add_route(router, parts, Caller::user, "GET", artifacts + "/{artifact}", show_artifact);
    add_route(router, parts, Caller::user, "PUT", artifacts + "/{artifact}", edit_artifact);
    add_route(router, parts, Caller::user, "DELETE", artifacts + "/{artifact}", delete_artifact);
    add_route(router, parts, Caller::user, "GET", artifacts + "/{artifact}/download", link);
    add_route(router, parts, Caller::user, "GET", "/api/management/v2/deployments/artifacts", list_page);
}

} // namespace two_path::host::embedded
