#include "plugin/control/update_requests.hpp"

#include "plugin/control/one_line.hpp"
#include "plugin/log.hpp"

#include <algorithm>

namespace two_path::control {

UpdateRequests::UpdateRequests(state::Store& store, host::Host& host, bool accepted)
  : store_(store)
  , host_(host)
  , accepted_(accepted) {}

/// Best first. What the device says and what its sessions say it has committed both count.
std::vector<std::string> UpdateRequests::newer(const std::string& device,
                                               const messages::UpdateRequest& request) {
    const auto releases = store_.releases();
    auto committed = store_.committed(device);
    for (const auto& [stream, told] : request.committed) {
        auto& sequence = committed[stream];
        sequence = std::max(sequence, told);
    }
    std::vector<const Descriptor*> found;
    for (const auto& release : releases) {
        const auto& descriptor = release.descriptor;
        const auto last = committed.find(descriptor.stream);
        const bool asked = request.release.empty() || request.release == descriptor.release;
        if (asked && (last == committed.end() || descriptor.sequence > last->second))
            found.push_back(&descriptor);
    }
    std::ranges::stable_sort(found, std::greater(), &Descriptor::sequence);
    std::vector<std::string> names;
    for (const auto* descriptor : found)
        names.push_back(descriptor->release);
    return names;
}

std::int64_t UpdateRequests::wait_of(const std::string& device) {
    const auto wait = limiter_.admit(device, store_.clock().steady());
    if (wait == 0) limiter_.give_back(device);
    return std::max<std::int64_t>(wait, 1);
}

awaitable<Result<host::OrderedUpdate>> UpdateRequests::order(std::string device,
                                                             messages::UpdateRequest request) {
    if (!accepted_)
        co_return fail(Errc::forbidden, "updates that devices order are not accepted here; the operator may "
                                        "set `update_requests` of [host]");
    host::UpdateOrder order;
    order.device = device;
    order.releases = newer(device, request);
    if (order.releases.empty())
        co_return fail(Errc::not_found, request.release.empty()
                                            ? "nothing is newer than what the device has committed"
                                            : "no release " + one_line(request.release, name_limit) +
                                                  " that is newer than what the device has committed");
    order.name = "asked for by the device";
    order.may_create = limiter_.admit(device, store_.clock().steady()) == 0;
    const bool counted = order.may_create;
    auto ordered = co_await host_.order(std::move(order));
    if (counted && !(ordered && ordered->created)) limiter_.give_back(device);
    if (ordered && ordered->created)
        log(Level::notice, "device " + device + " ordered release " + ordered->release + ": deployment " +
                               ordered->deployment);
    co_return ordered;
}

} // namespace two_path::control
