/// A device-management framework that says what a test wants.
#pragma once

#include "plugin/host/host.hpp"

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace two_path::tests {

class ScriptedHost : public host::Host {
  public:
    std::map<std::string, std::string> devices;           ///< bearer token -> device
    std::map<std::string, std::string> operators;         ///< bearer token -> user
    std::map<std::string, host::ActiveDeployment> active; ///< by device
    std::vector<std::string> aborted;                     ///< deployments
    std::optional<Error> failure;                         ///< the answer to whatever is asked
    std::function<void()> while_asked; ///< runs before active_deployment() or artifacts() answers, once
    std::vector<std::vector<host::DeviceDeployment>> polls; ///< what ended() was asked
    std::vector<host::UpdateOrder> orders;                  ///< what order() was asked
    std::vector<host::KeptArtifact> kept;                   ///< what artifacts() answers
    bool creates{true};                                     ///< false: every order is under way already

    awaitable<Result<std::string>> device_of(std::string bearer, boost::asio::ip::address) override {
        co_return look_up(devices, bearer);
    }

    awaitable<Result<std::string>> operator_of(std::string bearer, boost::asio::ip::address) override {
        co_return look_up(operators, bearer);
    }

    awaitable<Result<std::optional<host::ActiveDeployment>>> active_deployment(std::string device) override {
        if (while_asked) std::exchange(while_asked, nullptr)();
        if (failure) co_return *failure;
        const auto found = active.find(device);
        if (found == active.end()) co_return std::optional<host::ActiveDeployment>();
        co_return std::optional(found->second);
    }

    awaitable<Result<std::vector<host::EndedDeployment>>>
    ended(std::vector<host::DeviceDeployment> asked) override {
        polls.push_back(asked);
        if (failure) co_return *failure;
        std::vector<host::EndedDeployment> over;
        for (const auto& one : asked)
            if (std::ranges::find(aborted, one.deployment) != aborted.end())
                over.push_back({one, "as the test says"});
        co_return over;
    }

    awaitable<Result<host::OrderedUpdate>> order(host::UpdateOrder order) override {
        orders.push_back(order);
        if (failure) co_return *failure;
        if (creates && !order.may_create) co_return fail(Errc::busy, "too many");
        co_return host::OrderedUpdate{"ordered-" + std::to_string(orders.size()), order.releases.at(0),
                                      creates};
    }

    awaitable<Result<std::vector<host::KeptArtifact>>> artifacts() override {
        if (failure) co_return *failure;
        auto answer = kept;
        if (while_asked) std::exchange(while_asked, nullptr)();
        co_return answer;
    }

    void add_routes(control::Router&) override {}

  private:
    Result<std::string> look_up(const std::map<std::string, std::string>& known,
                                const std::string& bearer) const {
        if (failure) return *failure;
        const auto found = known.find(bearer);
        if (found == known.end()) return fail(Errc::unauthorized, "unknown token");
        return found->second;
    }
};

} // namespace two_path::tests
