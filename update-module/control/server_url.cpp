#include "update-module/control/server_url.hpp"

#include <boost/asio/ip/address.hpp>

#include <algorithm>
#include <charconv>

namespace two_path::control {
namespace {

constexpr std::uint16_t http_port = 80;
constexpr std::uint16_t https_port = 443;
constexpr std::size_t max_url = 1024;
constexpr std::size_t max_host = 253;

Error unusable(std::string_view text, const std::string& why) {
    return fail(Errc::bad_configuration,
                "server URL `" + std::string(text.substr(0, max_host)) + "`: " + why);
}

bool is_port(std::string_view digits, std::uint16_t& port) {
    const auto* end = digits.data() + digits.size();
    const auto [stop, error] = std::from_chars(digits.data(), end, port);
    return error == std::errc() && stop == end && port != 0;
}

bool is_loopback(const std::string& address) {
    boost::system::error_code error;
    const auto parsed = boost::asio::ip::make_address(address, error);
    return !error && parsed.is_loopback();
}

/// `HOST`, `HOST:PORT`, `[V6]` or `[V6]:PORT`.
bool split_authority(std::string_view authority, ServerUrl& url) {
    std::string_view port;
    if (authority.starts_with('[')) {
        const auto end = authority.find(']');
        if (end == std::string_view::npos) return false;
        url.host = authority.substr(1, end - 1);
        authority.remove_prefix(end + 1);
        if (url.literal().empty() || !(authority.empty() || authority.starts_with(':'))) return false;
        port = authority;
    } else {
        const auto colon = std::min(authority.find(':'), authority.size());
        url.host = authority.substr(0, colon);
        port = authority.substr(colon);
    }
    if (url.host.empty() || url.host.size() > max_host) return false;
    return port.empty() || is_port(port.substr(1), url.port);
}

} // namespace

Result<ServerUrl> ServerUrl::parse(std::string_view text) {
    constexpr std::string_view secure_scheme = "https://";
    constexpr std::string_view plain_scheme = "http://";
    if (text.size() > max_url ||
        std::any_of(text.begin(), text.end(), [](char c) { return c <= ' ' || c > '~'; }))
        return unusable("...", "over 1024 bytes, or with blanks or special characters");
    ServerUrl url;
    url.secure = text.starts_with(secure_scheme);
    if (!url.secure && !text.starts_with(plain_scheme)) return unusable(text, "must start with https://");
    const auto rest = text.substr(url.secure ? secure_scheme.size() : plain_scheme.size());
    if (rest.find_first_of("@?#\\\"<>") != std::string_view::npos)
        return unusable(text, "only host, port and path are allowed");
    url.port = url.secure ? https_port : http_port;
    const auto slash = std::min(rest.find('/'), rest.size());
    if (!split_authority(rest.substr(0, slash), url)) return unusable(text, "no host, or a bad port");
    url.prefix = rest.substr(slash);
    while (url.prefix.ends_with('/'))
        url.prefix.pop_back();
    if (!url.secure && !is_loopback(url.literal()))
        return unusable(text, "http:// would send the bearer token in clear; use https://");
    return url;
}

std::string ServerUrl::authority() const {
    auto text = host.find(':') == std::string::npos ? host : "[" + host + "]";
    if (port != (secure ? https_port : http_port)) text += ":" + std::to_string(port);
    return text;
}

std::string ServerUrl::literal() const {
    if (host == "localhost") return "127.0.0.1";
    boost::system::error_code error;
    const auto address = boost::asio::ip::make_address(host, error);
    return error ? std::string() : address.to_string();
}

} // namespace two_path::control
