// Devices fetch artifacts by the links that deployments gave them, without a bearer token.
#include "plugin/control/file_answer.hpp"
#include "plugin/host/embedded/artifacts.hpp"
#include "plugin/host/embedded/endpoint.hpp"

namespace two_path::host::embedded {
namespace {

Result<control::Response> download(Parts& parts, const Call& call) {
    const auto& id = call.parameter("artifact");
    const auto checked =
        parts.links.check(id, call.request.query_value(expires_parameter),
                          call.request.query_value(signature_parameter), parts.now_in_seconds());
    if (!checked) return checked.error();
    const auto artifact = find_artifact(parts.database, id);
    if (!artifact) return fail(Errc::not_found, "the artifact was deleted");
    auto opened = parts.files.open_payload(artifact->sha256);
    if (!opened) return opened.error();
    auto file = control::FileBody::of(std::move(opened->file), opened->size);
    return control::answer_with_file(call.request, std::move(file), "application/vnd.mender-artifact",
                                     "\"" + artifact->sha256 + "\"");
}

} // namespace

void add_download_api(control::Router& router, Parts& parts) {
    add_route(router, parts, Caller::anyone, "GET", std::string(download_route), download, 0);
}

} // namespace two_path::host::embedded
