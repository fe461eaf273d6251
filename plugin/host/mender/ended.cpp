#include "plugin/host/mender/ended.hpp"

#include "plugin/host/mender/answers.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <span>
#include <string>

namespace two_path::host::mender {
namespace {

/// Of the statistics by the server; of ids in a URL by its length.
constexpr std::size_t batch = 100;
constexpr std::size_t most_pages = 1000;

using Names = std::set<std::string>;

/// Of what happened to the devices of one deployment: why it is over for each.
using Ends = std::map<std::string, std::string>;

std::vector<std::vector<std::string>> in_batches(const Names& names) {
    std::vector<std::vector<std::string>> batches;
    for (const auto& name : names) {
        if (batches.empty() || batches.back().size() == batch) batches.emplace_back();
        batches.back().push_back(name);
    }
    return batches;
}

/// Those that are accepted. One that the server does not list is decommissioned.
awaitable<Result<Names>> accepted(Management& management, Names devices) {
    Names found;
    for (const auto& some : in_batches(devices)) {
        auto target = "/v2/devauth/devices?page=1&per_page=" + std::to_string(batch);
        for (const auto& device : some)
            target.append("&id=").append(device);
        const auto answer = co_await management.get(std::move(target), in_passing);
        if (!answer) co_return answer.error();
        if (answer->status != 200) co_return unexpected(*answer, "the question which devices are accepted");
        const auto ids = parse_accepted(answer->body);
        if (!ids) co_return ids.error();
        found.insert(ids->begin(), ids->end());
    }
    co_return found;
}

/// Those that were taken from some device, or of which the server tells nothing here.
awaitable<Result<Names>> disturbed(Management& management, Names deployments) {
    Names found;
    for (const auto& some : in_batches(deployments)) {
        json::object question{{"deployment_ids", json::array(some.begin(), some.end())}};
        const auto answer = co_await management.post("/v1/deployments/deployments/statistics/list",
                                                     std::move(question), true, in_passing);
        if (!answer) co_return answer.error();
        std::map<std::string, std::uint64_t> taken;
        if (answer->status == 200) {
            auto parsed = parse_taken(answer->body);
            if (!parsed) co_return parsed.error();
            taken = std::move(*parsed);
        } else if (answer->status != 404 && answer->status != 405) { // which older servers answer
            co_return unexpected(*answer, "the question how deployments go");
        }
        for (const auto& deployment : some) {
            const auto known = taken.find(deployment);
            if (known == taken.end() || known->second > 0) found.insert(deployment);
        }
    }
    co_return found;
}

/// False: there is no such deployment.
awaitable<Result<bool>> add_taken(Management& management, std::string deployment, std::string status,
                                  std::string why, Ends& ends) {
    for (std::size_t page = 1; page <= most_pages; ++page) {
        const auto answer = co_await management.get(
            "/v1/deployments/deployments/" + deployment + "/devices/list?status=" + status +
                "&page=" + std::to_string(page) + "&per_page=" + std::to_string(max_page),
            in_passing);
        if (!answer) co_return answer.error();
        if (answer->status == 404) co_return false;
        if (answer->status != 200) co_return unexpected(*answer, "the question whom a deployment left");
        const auto ids = parse_ids(answer->body);
        if (!ids) co_return ids.error();
        const auto before = ends.size();
        for (const auto& id : *ids)
            ends[id] = why;
        if (ids->size() < max_page) co_return true;
        if (ends.size() == before) break; // a server or proxy that knows no pages
    }
    co_return fail(Errc::unavailable, "the Mender server's list of a deployment's devices does not end");
}

/// Of the deployments asked for, by deployment; none: there is no such deployment.
using AllEnds = std::map<std::string, std::optional<Ends>>;

awaitable<Result<AllEnds>> look_closer(Management& management, Names deployments) {
    AllEnds all;
    for (const auto& deployment : deployments) {
        Ends ends;
        auto known =
            co_await add_taken(management, deployment, "aborted", "the deployment was aborted", ends);
        if (known && *known)
            known = co_await add_taken(management, deployment, "decommissioned",
                                       "the device was decommissioned", ends);
        if (!known) co_return known.error();
        all[deployment] = *known ? std::optional(std::move(ends)) : std::nullopt;
    }
    co_return all;
}

/// Empty: it goes on.
std::string why_ended(const DeviceDeployment& asked, const Names& accepted, const AllEnds& all) {
    if (!accepted.contains(asked.device)) return "the device is not accepted any more";
    const auto found = all.find(asked.deployment);
    if (found == all.end()) return {};
    if (!found->second) return "there is no such deployment any more";
    const auto end = found->second->find(asked.device);
    return end == found->second->end() ? std::string() : end->second;
}

} // namespace

awaitable<Result<std::vector<EndedDeployment>>> ended(Management& management,
                                                      std::vector<DeviceDeployment> asked) {
    Names devices;
    Names deployments;
    for (const auto& one : asked) {
        devices.insert(one.device);
        deployments.insert(one.deployment);
    }
    const auto welcome = co_await accepted(management, std::move(devices));
    if (!welcome) co_return welcome.error();
    auto closer = co_await disturbed(management, std::move(deployments));
    if (!closer) co_return closer.error();
    const auto ends = co_await look_closer(management, std::move(*closer));
    if (!ends) co_return ends.error();

    std::vector<EndedDeployment> over;
    for (auto& one : asked)
        if (auto why = why_ended(one, *welcome, *ends); !why.empty())
            over.push_back({std::move(one), std::move(why)});
    co_return over;
}

} // namespace two_path::host::mender
