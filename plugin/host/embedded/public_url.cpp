#include "plugin/host/embedded/public_url.hpp"

#include <algorithm>
#include <cctype>

namespace two_path::host::embedded {
namespace {

constexpr std::size_t max_host = 262; // 255 of a name, a colon, a port

bool is_host(std::string_view text) {
    return !text.empty() && text.size() <= max_host &&
           std::all_of(text.begin(), text.end(), [](unsigned char c) {
               return std::isalnum(c) != 0 || c == '.' || c == '-' || c == '_' || c == ':' || c == '[' ||
                      c == ']';
           });
}

} // namespace

Result<std::string> public_url(const Parts& parts, const control::Request& request) {
    if (auto url = parts.settings.public_url; !url.empty()) {
        while (url.ends_with('/'))
            url.pop_back();
        return url;
    }
    const auto host = request.headers.find("Host");
    if (host == request.headers.end() || !is_host(host->second))
        return fail(Errc::bad_request, "the Host header is missing or malformed");
    return "https://" + host->second;
}

} // namespace two_path::host::embedded
