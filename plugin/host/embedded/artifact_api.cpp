// Artifacts and releases (Mender's management API, `deployments`).
#include "plugin/host/embedded/artifacts.hpp"
#include "plugin/host/embedded/deployments.hpp"
#include "plugin/host/embedded/endpoint.hpp"
#include "plugin/host/embedded/public_url.hpp"
#include "plugin/host/embedded/timestamp.hpp"
#include "plugin/log.hpp"

namespace two_path::host::embedded {
namespace {

constexpr Page everything{0, -1};

Error no_such_artifact() {
    return fail(Errc::not_found, "no such artifact");
}

json::array documents(const std::vector<StoredArtifact>& artifacts) {
    json::array list;
    for (const auto& artifact : artifacts)
        list.push_back(artifact.document);
    return list;
}

Result<control::Response> list_all(Parts& parts, const Call& call) {
    const auto artifacts = list_artifacts(parts.database, call.request.query_value("name"), everything);
    const auto total = static_cast<std::int64_t>(artifacts.size());
    return list_answer(documents(artifacts), total);
}

Result<control::Response> list_page(Parts& parts, const Call& call) {
    const auto page = page_of(call.request);
    if (!page) return page.error();
    const auto name = call.request.query_value("name");
    return list_answer(documents(list_artifacts(parts.database, name, *page)),
                       count_artifacts(parts.database, name));
}

Result<control::Response> show(Parts& parts, const Call& call) {
    const auto artifact = find_artifact(parts.database, call.parameter("artifact"));
    if (!artifact) return no_such_artifact();
    return control::Response::of(200, artifact->document);
}

Result<control::Response> remove(Parts& parts, const Call& call) {
    const auto artifact = find_artifact(parts.database, call.parameter("artifact"));
    if (!artifact) return no_such_artifact();
    if (is_being_deployed(parts.database, artifact->name))
        return fail(Errc::conflict, "a deployment of this artifact is not finished");
    remove_artifact(parts.database, artifact->id);
    const auto removed = parts.files.remove(artifact->sha256);
    if (!removed)
        log(Level::warning, "an artifact's file stays until the next start: " + removed.error().message());
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

json::object release(Parts& parts, const std::string& name) {
    const auto artifacts = list_artifacts(parts.database, name, everything);
    return {{"name", name},
            {"modified", rfc3339(artifacts.empty() ? 0 : artifacts.back().modified)},
            {"tags", json::array()},
            {"notes", ""},
            {"artifacts", documents(artifacts)},
            {"artifacts_count", artifacts.size()}};
}

Result<control::Response> list_releases(Parts& parts, const Call& call) {
    const auto page = page_of(call.request);
    if (!page) return page.error();
    json::array releases;
    for (const auto& name : release_names(parts.database, *page))
        releases.push_back(release(parts, name));
    return list_answer(std::move(releases), count_releases(parts.database));
}

Result<control::Response> show_release(Parts& parts, const Call& call) {
    const auto& name = call.parameter("release");
    if (count_artifacts(parts.database, name) == 0) return fail(Errc::not_found, "no such release");
    return control::Response::of(200, release(parts, name));
}

} // namespace

void add_artifact_api(control::Router& router, Parts& parts) {
    const std::string artifacts = "/api/management/v1/deployments/artifacts";
    const std::string releases = "/api/management/v2/deployments/deployments/releases";
    add_route(router, parts, Caller::user, "GET", artifacts, list_all);
    add_route(router, parts, Caller::user, "GET", artifacts + "/list", list_page);
    add_route(router, parts, Caller::user, "GET", artifacts + "/{artifact}", show);
    add_route(router, parts, Caller::user, "DELETE", artifacts + "/{artifact}", remove);
    add_route(router, parts, Caller::user, "GET", artifacts + "/{artifact}/download", link);
    add_route(router, parts, Caller::user, "GET", releases, list_releases);
    add_route(router, parts, Caller::user, "GET", releases + "/{release}", show_release);
}

} // namespace two_path::host::embedded
