#include "plugin/cli/deployment_watch.hpp"

#include "plugin/cli/print.hpp"

#include <utility>

namespace two_path::cli {
namespace {

constexpr std::chrono::milliseconds between_deployment_looks{2000};

const json::object* statistics_of(const json::object& deployment) {
    const auto* statistics = deployment.if_contains("statistics");
    if (statistics == nullptr || !statistics->is_object()) return nullptr;
    const auto* status = statistics->get_object().if_contains("status");
    return status != nullptr && status->is_object() ? &status->get_object() : nullptr;
}

} // namespace

std::string counts_of(const json::object& deployment) {
    std::string text;
    const auto* statistics = statistics_of(deployment);
    if (statistics == nullptr) return text;
    for (const auto& [name, value] : *statistics) {
        const auto count = number_of(*statistics, name);
        if (count != 0)
            text.append(text.empty() ? "" : ", ").append(std::to_string(count) + " ").append(name);
    }
    return text;
}

Result<json::object> wait_for_end(const Server& server, const std::string& deployment, std::uint64_t seconds,
                                  const Shell& shell) {
    const auto until = shell.unix_time() + static_cast<std::int64_t>(seconds);
    std::string told;
    while (true) {
        auto answer = server.get(std::string(deployments_path) + "/" + encoded(deployment));
        if (!answer) return answer.error();
        if (!answer->is_object()) return fail(Errc::no_route, "the answer to a deployment is no object");
        auto& object = answer->get_object();
        auto now = text_of(object, "status");
        if (const auto counts = counts_of(object); !counts.empty()) now += ": " + counts;
        if (now != told) shell.note(now);
        told = std::move(now);
        if (text_of(object, "status") == "finished") return std::move(object);
        if (shell.unix_time() >= until)
            return fail(Errc::unavailable,
                        "the deployment has not ended within " + counted(seconds, "second"));
        shell.pause(between_deployment_looks);
    }
}

int exit_code_of(const json::object& deployment) {
    const auto* statistics = statistics_of(deployment);
    if (statistics == nullptr) return 1;
    for (const auto& [name, value] : *statistics)
        if (name != "success" && name != "already-installed" && number_of(*statistics, name) != 0) return 1;
    return 0;
}

} // namespace two_path::cli
