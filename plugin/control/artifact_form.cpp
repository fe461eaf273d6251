#include "plugin/control/artifact_form.hpp"

#include "protocol/certification.hpp"

namespace two_path::control {

void put_artifact(ClientRequest& request, const std::string& artifact, const std::string& description) {
    const auto boundary = "two-path-" + make_nonce();
    auto& body = request.body;
    body.clear();
    body.reserve(artifact.size() + 1024);
    body.append("--").append(boundary);
    body.append("\r\nContent-Disposition: form-data; name=\"description\"\r\n\r\n").append(description);
    body.append("\r\n--").append(boundary);
    body.append("\r\nContent-Disposition: form-data; name=\"artifact\"; filename=\"release.mender\"\r\n"
                "Content-Type: application/octet-stream\r\n\r\n");
    body.append(artifact).append("\r\n--").append(boundary).append("--\r\n");
    request.headers["Content-Type"] = "multipart/form-data; boundary=" + boundary;
}

} // namespace two_path::control
