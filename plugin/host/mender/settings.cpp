#include "plugin/host/mender/settings.hpp"

namespace two_path::host {

Result<VerifyUrl> VerifyUrl::parse(std::string_view url) {
    constexpr std::string_view plain = "http://";
    constexpr std::string_view secure = "https://";
    const auto refuse = [&] {
        return fail(Errc::bad_request, "`" + std::string(url) + "` is no http[s]://HOST[:PORT]/PATH");
    };
    VerifyUrl parsed;
    parsed.plain = url.substr(0, plain.size()) == plain;
    if (!parsed.plain && url.substr(0, secure.size()) != secure) return refuse();
    const auto rest = url.substr(parsed.plain ? plain.size() : secure.size());
    const auto slash = rest.find('/');
    if (slash == std::string_view::npos || rest.find_first_of(" #?") != std::string_view::npos)
        return refuse();
    const auto authority = rest.substr(0, slash);
    auto origin = control::Origin::parse(std::string(secure).append(authority));
    if (!origin) return refuse();
    parsed.origin = std::move(*origin);
    // `:443` is seldom written with http.
    if (parsed.plain && parsed.origin.port == 443 && !authority.ends_with(":443")) parsed.origin.port = 80;
    parsed.target = rest.substr(slash);
    return parsed;
}

} // namespace two_path::host
