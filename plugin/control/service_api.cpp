#include "plugin/control/service_api.hpp"

#include "protocol/messages.hpp"
#include "protocol/service.hpp"

#include <memory>

namespace two_path::control {
namespace {

struct Service {
    host::Host& host;
    Clock clock;
    ServiceFacts facts;

    awaitable<Response> tell(Request& request) const {
        std::string bearer(request.bearer());
        if (bearer.empty()) co_return Response::of(fail(Errc::unauthorized, "no bearer token"), request.id);
        const auto device = co_await host.device_of(std::move(bearer), request.client);
        if (!device) co_return Response::of(device.error(), request.id);
        request.caller = "device " + *device;
        co_return Response::of(200, reply_to(request).to_json());
    }

    messages::ServiceReply reply_to(const Request& request) const {
        messages::ServiceReply reply;
        for (auto one = messages::oldest_protocol; one <= messages::protocol; ++one)
            reply.protocols.push_back(one);
        reply.modes = {Mode::pull};
        if (facts.push) reply.modes.push_back(Mode::push);
        reply.host = facts.second_path_host.empty() ? request.local.to_string() : facts.second_path_host;
        reply.port = facts.second_path_port;
        reply.time = static_cast<std::uint64_t>(clock.unix_time() / 1000);
        return reply;
    }
};

} // namespace

void add_service_api(Router& router, host::Host& host, Clock clock, ServiceFacts facts) {
    const auto service = std::make_shared<const Service>(Service{host, std::move(clock), std::move(facts)});
    router.add("GET", messages::service_path(),
               [service](Request& request) { return service->tell(request); });
}

} // namespace two_path::control
