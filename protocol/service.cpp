#include "protocol/service.hpp"

#include "protocol/messages.hpp"

#include <limits>

namespace two_path::messages {
namespace {

std::vector<std::uint64_t> read_protocols(Fields& fields) {
    std::vector<std::uint64_t> protocols;
    for (const auto& value : fields.array("protocols")) {
        if (!value.is_int64() || value.get_int64() < 0) {
            fields.refuse("`protocols` must be a list of numbers");
            break;
        }
        protocols.push_back(static_cast<std::uint64_t>(value.get_int64()));
    }
    return protocols;
}

} // namespace

std::string service_path() {
    return std::string(device_api).append("/service");
}

Result<ServiceReply> ServiceReply::parse(std::string_view body) {
    const auto object = parse_object(body, "the reply");
    if (!object) return object.error();
    Fields fields(*object, "service");
    ServiceReply reply;
    reply.protocols = read_protocols(fields);
    for (const auto& name : fields.texts("modes"))
        if (const auto mode = mode_from_name(name)) reply.modes.push_back(*mode);
    reply.host = fields.text("host");
    const auto port = fields.number("port");
    reply.time = fields.number("time");
    if (fields.ok() && (port == 0 || port > std::numeric_limits<std::uint16_t>::max()))
        fields.refuse("`port` must be 1 to 65535");
    if (!fields.ok()) return fields.error();
    reply.port = static_cast<std::uint16_t>(port);
    return reply;
}

json::object ServiceReply::to_json() const {
    json::array names;
    for (const auto mode : modes)
        names.emplace_back(name_of(mode));
    return {{"protocols", json::array(protocols.begin(), protocols.end())},
            {"modes", std::move(names)},
            {"host", host},
            {"port", port},
            {"time", time}};
}

} // namespace two_path::messages
