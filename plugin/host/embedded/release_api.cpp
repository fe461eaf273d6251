// Artifacts of one name, as operators see them (Mender's management API, `deployments`, second version).
#include "plugin/host/embedded/artifact_removal.hpp"
#include "plugin/host/embedded/deployments.hpp"
#include "plugin/host/embedded/endpoint.hpp"
#include "plugin/host/embedded/releases.hpp"
#include "plugin/host/embedded/timestamp.hpp"

#include <algorithm>
#include <iterator>
#include <set>
#include <string>
#include <vector>

namespace two_path::host::embedded {
namespace {

constexpr std::size_t max_notes = 1024; // as Mender's

Error no_such_release() {
    return fail(Errc::not_found, "no such release");
}

bool exists(Parts& parts, const std::string& name) {
    return !artifacts_called(parts.database, name).empty();
}

json::object describe(Parts& parts, const std::string& name) {
    json::array artifacts;
    std::int64_t modified = 0;
    for (const auto& artifact : artifacts_called(parts.database, name)) {
        artifacts.push_back(artifact.document);
        modified = std::max(modified, artifact.modified);
    }
    const auto count = artifacts.size();
    return {{"name", name},
            {"modified", rfc3339(modified)},
            {"tags", array_of(tags_of(parts.database, name))},
            {"notes", notes_of(parts.database, name)},
            {"artifacts", std::move(artifacts)},
            {"artifacts_count", count}};
}

/// The first version's names for the same.
json::object describe_v1(Parts& parts, const std::string& name) {
    auto shown = describe(parts, name);
    return {{"Name", name}, {"Artifacts", shown["artifacts"]}, {"ArtifactsCount", shown["artifacts_count"]}};
}

Result<ReleaseFilter> release_filter(const control::Request& request) {
    ReleaseFilter filter;
    filter.name = request.query_value("name");
    filter.update_type = request.query_value("update_type");
    const auto [first, last] = request.query.equal_range("tag");
    std::for_each(first, last, [&filter](const auto& pair) { filter.tags.push_back(pair.second); });
    if (auto order = request.query_value("sort"); !order.empty()) filter.order = std::move(order);
    if (!is_release_order(filter.order))
        return fail(Errc::bad_request,
                    "`sort` must be name, modified, artifacts_count or tags, with :asc or :desc");
    return filter;
}

Result<control::Response> list_as(Parts& parts, const Call& call,
                                  json::object (*shown)(Parts&, const std::string&)) {
    const auto page = page_of(call.request);
    if (!page) return page.error();
    const auto filter = release_filter(call.request);
    if (!filter) return filter.error();
    json::array releases;
    for (const auto& name : release_names(parts.database, *filter, *page))
        releases.push_back(shown(parts, name));
    return list_answer(call, *page, std::move(releases), count_releases(parts.database, *filter));
}

Result<control::Response> show_releases(Parts& parts, const Call& call) {
    return list_as(parts, call, describe);
}

Result<control::Response> show_releases_v1(Parts& parts, const Call& call) {
    return list_as(parts, call, describe_v1);
}

Result<control::Response> show_release(Parts& parts, const Call& call) {
    const auto& name = call.parameter("release");
    if (!exists(parts, name)) return no_such_release();
    return control::Response::of(200, describe(parts, name));
}

Result<control::Response> edit_release(Parts& parts, const Call& call) {
    const auto body = call.object();
    if (!body) return body.error();
    Fields fields(*body, "the release");
    const auto notes = fields.text("notes");
    if (notes.size() > max_notes) fields.refuse("`notes` is over " + std::to_string(max_notes) + " bytes");
    if (!fields.ok()) return fields.error();
    if (!exists(parts, call.parameter("release"))) return no_such_release();
    set_notes(parts.database, call.parameter("release"), notes);
    return control::Response::empty(204);
}

Result<control::Response> tag(Parts& parts, const Call& call) {
    const auto body = call.any();
    if (!body) return body.error();
    const auto wrong = fail(Errc::bad_request, "the tags must be a list of texts");
    const auto* list = body->if_array();
    if (list == nullptr) return wrong;
    std::vector<std::string> tags;
    for (const auto& one : *list) {
        if (!one.is_string()) return wrong;
        tags.emplace_back(one.get_string());
    }
    if (!exists(parts, call.parameter("release"))) return no_such_release();
    if (const auto set = set_tags(parts.database, call.parameter("release"), tags); !set) return set.error();
    return control::Response::empty(204);
}

/// All or none of those that the query names; one that is not there is no error.
Result<control::Response> delete_releases(Parts& parts, const Call& call) {
    const auto [first, last] = call.request.query.equal_range("name");
    if (first == last) return fail(Errc::bad_request, "`name` is missing");
    for (auto named = first; named != last; ++named)
        if (is_being_deployed(parts.database, named->second))
            return fail(Errc::conflict, "a deployment of " + named->second + " is not finished");
    std::set<std::string> names;
    std::transform(first, last, std::inserter(names, names.end()),
                   [](const auto& pair) { return pair.second; });
    std::vector<StoredArtifact> artifacts;
    for (const auto& name : names)
        std::ranges::move(artifacts_called(parts.database, name), std::back_inserter(artifacts));
    remove_with_files(parts, artifacts);
    return control::Response::empty(204);
}

Result<control::Response> list_tags(Parts& parts, const Call&) {
    return control::Response::of(200, array_of(all_release_tags(parts.database)));
}

Result<control::Response> list_types(Parts& parts, const Call&) {
    return control::Response::of(200, array_of(all_update_types(parts.database)));
}

} // namespace

void add_release_api(control::Router& router, Parts& parts) {
    const std::string v2 = "/api/management/v2/deployments";
    const auto releases = v2 + "/deployments/releases";
    add_route(router, parts, Caller::user, "GET", releases, show_releases);
    add_route(router, parts, Caller::user, "DELETE", releases, delete_releases);
    add_route(router, parts, Caller::user, "GET", releases + "/{release}", show_release);
    add_route(router, parts, Caller::user, "PATCH", releases + "/{release}", edit_release);
    add_route(router, parts, Caller::user, "PUT", releases + "/{release}/tags", tag);
    add_route(router, parts, Caller::user, "GET", v2 + "/releases/all/tags", list_tags);
    add_route(router, parts, Caller::user, "GET", v2 + "/releases/all/types", list_types);
    add_route(router, parts, Caller::user, "GET", "/api/management/v1/deployments/releases",
              show_releases_v1);
}

} // namespace two_path::host::embedded
