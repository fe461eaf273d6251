#include "plugin/host/mender/artifacts.hpp"

#include <iterator>
#include <utility>

namespace two_path::host::mender {
namespace {

const std::string artifacts_target = "/v1/deployments/artifacts";
/// Each may bring its whole descriptor twice.
constexpr std::size_t artifacts_page = 50;
constexpr std::size_t most_artifact_pages = 1000;
/// Of a descriptor artifact, which has some MB at most.
constexpr Patience of_an_upload{std::chrono::seconds{60}, false};

/// `filter`: of the query, with an `&` behind it.
awaitable<Result<std::vector<ListedArtifact>>> list(Management& management, std::string filter) {
    std::vector<ListedArtifact> all;
    for (std::size_t page = 1; page <= most_artifact_pages; ++page) {
        const auto answer =
            co_await management.get(artifacts_target + "/list?" + filter + "page=" + std::to_string(page) +
                                        "&per_page=" + std::to_string(artifacts_page),
                                    in_passing);
        if (!answer) co_return answer.error();
        if (answer->status != 200) co_return unexpected(*answer, "the question for its artifacts");
        auto artifacts = parse_artifacts(answer->body);
        if (!artifacts) co_return artifacts.error();
        const auto count = artifacts->size();
        std::move(artifacts->begin(), artifacts->end(), std::back_inserter(all));
        if (count < artifacts_page) co_return all;
    }
    co_return fail(Errc::unavailable, "the Mender server's list of artifacts does not end");
}

} // namespace

awaitable<Result<std::vector<KeptArtifact>>> two_path_artifacts(Management& management) {
    auto listed = co_await list(management, "");
    if (!listed) co_return listed.error();
    std::vector<KeptArtifact> ours;
    for (auto& artifact : *listed)
        if (artifact.payload_type == "two-path")
            ours.push_back({std::move(artifact.id), std::move(artifact.name), std::move(artifact.files)});
    co_return ours;
}

awaitable<Result<std::vector<ListedArtifact>>> artifacts_of(Management& management, std::string release) {
    auto listed = co_await list(management, "name=" + control::percent_encode(release) + "&");
    if (!listed) co_return listed.error();
    // Older servers compare beginnings.
    std::erase_if(*listed, [&](const ListedArtifact& artifact) { return artifact.name != release; });
    if (listed->empty()) co_return fail(Errc::not_found, "the Mender server has no release " + release);
    co_return listed;
}

awaitable<Result<std::vector<std::string>>> tagged_releases(Management& management, std::string tag) {
    std::vector<std::string> names;
    for (std::size_t page = 1; page <= most_artifact_pages; ++page) {
        const auto answer = co_await management.get(
            "/v2/deployments/deployments/releases?tag=" + control::percent_encode(tag) +
                "&page=" + std::to_string(page) + "&per_page=" + std::to_string(artifacts_page),
            in_passing);
        if (!answer) co_return answer.error();
        if (answer->status == 404) break;
        if (answer->status != 200) co_return unexpected(*answer, "the question for its tagged releases");
        const auto found = parse_releases(answer->body, tag);
        if (!found) co_return found.error();
        names.insert(names.end(), found->tagged.begin(), found->tagged.end());
        if (found->listed < artifacts_page) break;
    }
    co_return names;
}

awaitable<Result<std::string>> download_link(Management& management, std::string artifact) {
    const auto answer = co_await management.get(artifacts_target + "/" + artifact + "/download", in_passing);
    if (!answer) co_return answer.error();
    if (answer->status == 404) co_return fail(Errc::not_found, "the artifact was deleted meanwhile");
    if (answer->status != 200) co_return unexpected(*answer, "the question for a download link");
    co_return parse_link(answer->body);
}

awaitable<Result<std::string>> upload_artifact(Management& management, std::string artifact,
                                               std::string description) {
    const auto answer = co_await management.post_artifact(artifacts_target, std::move(artifact),
                                                          std::move(description), of_an_upload);
    if (!answer) co_return answer.error();
    const auto location = answer->headers.find("Location");
    auto id = location == answer->headers.end() ? std::string() : id_at_end(location->second);
    if (answer->status == 201 && !id.empty()) co_return id;
    auto error = unexpected(*answer, "a new artifact");
    if (answer->status == 409) error.code = Errc::conflict;
    if (answer->status == 413) error.code = Errc::too_large;
    if (answer->status == 400 || answer->status == 422) error.code = Errc::bad_request;
    co_return error;
}

} // namespace two_path::host::mender
