#include "update-module/first_path.hpp"

#include "update-module/control/mender_token.hpp"
#include "update-module/control/token_command.hpp"
#include "update-module/log.hpp"

namespace two_path::device {
namespace {

std::unique_ptr<control::TokenSource> tokens_of(const Settings& settings) {
    if (settings.server_url.empty()) return std::make_unique<control::MenderToken>();
    return std::make_unique<control::TokenCommand>(settings.server_url, settings.token_command);
}

} // namespace

FirstPath::FirstPath(const Settings& settings)
  : tokens_(tokens_of(settings))
  , client_(settings.server_certificate) {}

control::Session FirstPath::session(std::string id) {
    return control::Session(*tokens_, client_, std::move(id), say);
}

bool is_away(Errc code) noexcept {
    switch (code) {
    case Errc::plugin_unreachable:
    case Errc::no_token:
    case Errc::no_route:
    case Errc::unauthorized:
    case Errc::unavailable:
    case Errc::busy:
    case Errc::internal:
    case Errc::time_limit:
        return true;
    default:
        return false;
    }
}

} // namespace two_path::device
