#include "plugin/host/mender/artifacts.hpp"

#include "plugin/host/mender/answers.hpp"

#include <iterator>
#include <utility>

namespace two_path::host::mender {
namespace {

const std::string artifacts_target = "/v1/deployments/artifacts";
/// Each may bring its whole descriptor twice.
constexpr std::size_t page_size = 50;
constexpr std::size_t most_pages = 1000;

/// `filter`: of the query, with an `&` behind it.
awaitable<Result<std::vector<ListedArtifact>>> list(Management& management, std::string filter) {
    std::vector<ListedArtifact> all;
    for (std::size_t page = 1; page <= most_pages; ++page) {
        const auto answer =
            co_await management.get(artifacts_target + "/list?" + filter + "page=" + std::to_string(page) +
                                        "&per_page=" + std::to_string(page_size),
                                    in_passing);
        if (!answer) co_return answer.error();
        if (answer->status != 200) co_return unexpected(*answer, "the question for its artifacts");
        auto artifacts = parse_artifacts(answer->body);
        if (!artifacts) co_return artifacts.error();
        const auto count = artifacts->size();
        std::move(artifacts->begin(), artifacts->end(), std::back_inserter(all));
        if (count < page_size) co_return all;
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

} // namespace two_path::host::mender
