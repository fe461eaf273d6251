// Artifacts come in (Mender's management API, `POST deployments/artifacts`).
#include "plugin/control/receive_file.hpp"
#include "plugin/host/embedded/artifacts.hpp"
#include "plugin/host/embedded/endpoint.hpp"
#include "plugin/host/embedded/identifier.hpp"
#include "plugin/host/embedded/multipart.hpp"
#include "plugin/log.hpp"

#include <boost/asio/co_spawn.hpp>

namespace two_path::host::embedded {
namespace {

constexpr std::size_t max_field = 16 * 1024;

/// Runs on the files executor.
awaitable<Result<catalog::Artifact>> read_whole(const catalog::Payloads& files, std::string sha256) {
    const auto opened = files.open_payload(sha256);
    if (!opened) co_return opened.error();
    co_return catalog::read_artifact(catalog::file_source(opened->file.get()));
}

/// The fields before the artifact; the form then stands in it. Parts of unknown names are ignored.
awaitable<Result<Upload>> receive_fields(Multipart& form) {
    Upload upload;
    upload.id = make_uuid();
    for (;;) {
        const auto name = co_await form.next();
        if (!name) co_return name.error();
        if (!*name) co_return fail(Errc::bad_request, "the form has no part `artifact`");
        if (**name == "artifact") co_return upload;
        if (**name != "description" && **name != "artifact_id") continue;
        auto text = co_await form.all(max_field);
        if (!text) co_return text.error();
        if (**name == "description") {
            upload.description = std::move(*text);
        } else {
            if (!is_uuid(*text))
                co_return fail(Errc::bad_request, "`artifact_id` must be a UUID in lower case");
            upload.id = std::move(*text);
        }
    }
}

/// The whole form, whose file is kept only when it is whole. The artifact is the last part, as Mender asks.
awaitable<Result<Upload>> receive_form(Parts& parts, Multipart& form) {
    auto upload = co_await receive_fields(form);
    if (!upload) co_return upload.error();
    auto incoming = parts.files.receive();
    if (!incoming) co_return incoming.error();
    const auto files = parts.executors.files;
    const auto admit = control::at_most(parts.settings.max_artifact_size);
    const auto received = co_await control::receive_file(form, *incoming, files, admit);
    if (!received) co_return received.error();
    const auto behind = co_await form.next();
    if (!behind) co_return behind.error();
    if (*behind) co_return fail(Errc::bad_request, "`artifact` must be the form's last part");
    std::string any_digest;
    const auto file = co_await control::finish_file(*incoming, std::move(any_digest), files);
    if (!file) co_return file.error();
    upload->sha256 = file->id;
    co_return upload;
}

/// Removes a file that no artifact of the list has.
void discard(Parts& parts, const std::string& sha256) {
    if (is_stored(parts.database, sha256)) return;
    const auto removed = parts.files.remove(sha256);
    if (!removed)
        log(Level::warning, "a refused upload stays until the next start: " + removed.error().message());
}

Result<void> store_artifact(Parts& parts, const Result<catalog::Artifact>& artifact, const Upload& upload) {
    if (!artifact) return artifact.error();
    // An artifact of the same content may have been deleted while this one was read.
    if (!parts.files.size_of(upload.sha256))
        return fail(Errc::unavailable, "the artifact was deleted meanwhile");
    return add_artifact(parts.database, *artifact, upload, parts.now());
}

awaitable<Result<std::string>> accept(Parts& parts, Multipart& form) {
    const auto upload = co_await receive_form(parts, form);
    if (!upload) co_return upload.error();
    auto reading = read_whole(parts.files, upload->sha256);
    const auto artifact =
        co_await boost::asio::co_spawn(parts.executors.files, std::move(reading), boost::asio::use_awaitable);
    const auto added = store_artifact(parts, artifact, *upload);
    if (!added) {
        discard(parts, upload->sha256);
        co_return added.error();
    }
    co_return upload->id;
}

/// mender-cli and the GUI take exactly 201 for success.
awaitable<control::Response> upload(Parts& parts, control::Request& request) {
    const auto user = user_token_of(parts, request.bearer());
    if (!user) co_return control::Response::of(user.error(), request.id);
    request.caller = name_of_user(parts, *user);
    const auto type = request.headers.find("Content-Type");
    auto form = Multipart::begin(*request.body, type == request.headers.end() ? "" : type->second);
    if (!form) co_return control::Response::of(form.error(), request.id);
    const auto id = co_await accept(parts, *form);
    if (!id) co_return control::Response::of(id.error(), request.id);
    auto response = control::Response::empty(201);
    response.headers["Location"] = "/api/management/v1/deployments/artifacts/" + *id;
    co_return response;
}

} // namespace

void add_upload_api(control::Router& router, Parts& parts) {
    router.add("POST", "/api/management/v1/deployments/artifacts",
               [&parts](control::Request& request) { return upload(parts, request); });
}

} // namespace two_path::host::embedded
