#include "plugin/control/operator_page.hpp"

namespace two_path::control {
namespace {

struct EmbeddedFile {
    std::string_view name;
    std::string_view type;
    std::string_view etag;
    std::string_view content;
};

#include "operator_page_files.inc"

constexpr std::string_view root = "/ui/two-path";

/// Only our own files and our own server; nothing inline, no form that leaves, no frame around it, and no
/// text that becomes markup.
constexpr std::string_view content_policy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'none'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; "
    "trusted-types 'none'";

void protect(Headers& headers) {
    headers["Content-Security-Policy"] = content_policy;
    headers["X-Content-Type-Options"] = "nosniff";
    headers["Referrer-Policy"] = "no-referrer";
    headers["Cross-Origin-Opener-Policy"] = "same-origin";
    headers["Cross-Origin-Resource-Policy"] = "same-origin";
}

bool is_known(const Request& request, std::string_view etag) {
    const auto tags = request.headers.find("If-None-Match");
    return tags != request.headers.end() && tags->second.find(etag) != std::string::npos;
}

Response answer_of(const EmbeddedFile& file, const Request& request) {
    Response response;
    protect(response.headers);
    response.headers["ETag"] = file.etag;
    response.headers["Cache-Control"] = "no-cache"; // kept, and asked for each time: an upgrade shows at once
    if (is_known(request, file.etag)) {
        response.status = 304;
        return response;
    }
    response.headers["Content-Type"] = file.type;
    response.body = file.content;
    return response;
}

awaitable<Response> redirect(Request&) {
    auto response = Response::empty(308);
    response.headers["Location"] = std::string(root) + "/";
    co_return response;
}

} // namespace

void add_operator_page(Router& router) {
    for (const auto& file : page_files) {
        const auto path = std::string(root).append("/").append(file.name == "index.html" ? "" : file.name);
        router.add("GET", path,
                   [&file](Request& request) -> awaitable<Response> { co_return answer_of(file, request); });
    }
    router.add("GET", root, redirect);
}

} // namespace two_path::control
