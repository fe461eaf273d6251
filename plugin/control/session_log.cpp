#include "plugin/control/session_log.hpp"

#include "protocol/encoding.hpp"
#include "protocol/messages.hpp"

namespace two_path::control {

std::string session_in(std::string_view path) {
    for (const auto api : {messages::device_api, messages::management_api})
        for (const std::string_view list : {"/sessions/", "/notices/"}) {
            if (!path.starts_with(api) || !path.substr(api.size()).starts_with(list)) continue;
            const auto rest = path.substr(api.size() + list.size());
            const auto id = rest.substr(0, rest.find('/'));
            return is_nonce(id) ? std::string(id) : std::string();
        }
    return {};
}

std::string session_of(std::string_view path, const Response& answer) {
    const auto opened = answer.headers.find("Location");
    return session_in(opened == answer.headers.end() ? path : std::string_view(opened->second));
}

} // namespace two_path::control
