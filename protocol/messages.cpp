#include "protocol/messages.hpp"

#include <boost/json/serialize.hpp>

#include <algorithm>
#include <limits>

namespace two_path::messages {
namespace {

constexpr std::size_t max_detail = 1024;

std::uint16_t port_of(Fields& fields, std::string_view name) {
    const auto number = fields.number(name);
    if (fields.ok() && (number == 0 || number > std::numeric_limits<std::uint16_t>::max()))
        fields.refuse("`" + std::string(name) + "` must be 1 to 65535");
    return static_cast<std::uint16_t>(number);
}

json::array names(const std::vector<std::string>& texts) {
    return json::array(texts.begin(), texts.end());
}

void want_name(Fields& fields, std::string_view name, std::string_view text) {
    constexpr std::size_t limit = 255;
    if (fields.ok() && (text.empty() || text.size() > limit))
        fields.refuse("`" + std::string(name) + "` must have 1 to 255 bytes");
}

void want_nonce(Fields& fields, std::string_view name, std::string_view text) {
    if (fields.ok() && !is_nonce(text))
        fields.refuse("`" + std::string(name) + "` must be 22 base64url characters");
}

Result<void> read_choices(Fields& fields, OpenRequest& request) {
    const auto issuer = fields.text_or("issuer", "plugin");
    const auto mode = fields.text_or("mode", "pull");
    const auto digests = fields.texts("digests");
    if (!fields.ok()) return fields.error();
    const auto known_issuer = issuer_from_name(issuer);
    if (!known_issuer) return fail(Errc::unsupported, "issuer `" + issuer + "`");
    const auto known_mode = mode_from_name(mode);
    if (!known_mode) return fail(Errc::unsupported, "mode `" + mode + "`");
    request.issuer = *known_issuer;
    request.mode = *known_mode;
    for (const auto& name : digests)
        if (const auto kind = digest_from_name(name)) request.digests.push_back(*kind);
    if (request.digests.empty()) return fail(Errc::unsupported, "none of the offered digests");
    return {};
}

void read_formats(Fields& fields, OpenRequest& request) {
    for (const auto& value : fields.array("formats")) {
        if (!value.is_int64() || value.get_int64() < 0)
            return fields.refuse("`formats` must be a list of numbers");
        request.formats.push_back(static_cast<std::uint64_t>(value.get_int64()));
    }
}

} // namespace

std::string sessions_path() {
    return std::string(device_api) + "/sessions";
}

std::string update_requests_path() {
    return std::string(device_api).append("/update-requests");
}

std::string session_path(std::string_view session, std::string_view part) {
    auto path = sessions_path().append("/").append(session);
    if (!part.empty()) path.append("/").append(part);
    return path;
}

Result<OpenRequest> OpenRequest::parse(std::string_view body) {
    const auto object = parse_object(body, "the request");
    if (!object) return object.error();
    Fields fields(*object, "open");
    OpenRequest request;
    request.protocol = fields.number("protocol");
    if (fields.ok() && request.protocol < oldest_protocol)
        return fail(Errc::unsupported, "protocol " + std::to_string(request.protocol));
    request.protocol = std::min(request.protocol, messages::protocol);
    request.module_version = fields.text("module_version");
    read_formats(fields, request);
    request.attempt = fields.text("attempt");
    want_nonce(fields, "attempt", request.attempt);
    request.release = fields.text("release");
    want_name(fields, "release", request.release);
    request.files = fields.texts("files");
    for (const auto& id : request.files)
        if (!is_sha256_hex(id)) fields.refuse("`files` must hold SHA-256 values in hex");
    if (fields.has("certification")) request.certification = fields.text("certification");
    request.version = fields.text_or("version", "");
    request.device_type = fields.text_or("device_type", "");
    request.boot_id = fields.text("boot_id");
    want_name(fields, "boot_id", request.boot_id);
    if (fields.has("receiver")) {
        Fields receiver(fields.object("receiver"), "receiver");
        request.receiver = Receiver{receiver.text("host"), port_of(receiver, "port")};
        if (!receiver.ok()) return receiver.error();
    }
    if (!fields.ok()) return fields.error();
    if (auto chosen = read_choices(fields, request); !chosen) return chosen.error();
    return request;
}

json::object OpenRequest::to_json() const {
    json::array digest_names;
    for (const auto kind : digests)
        digest_names.emplace_back(name_of(kind));
    json::object object{{"protocol", protocol},
                        {"module_version", module_version},
                        {"formats", json::array(formats.begin(), formats.end())},
                        {"attempt", attempt},
                        {"release", release},
                        {"files", names(files)},
                        {"issuer", name_of(issuer)},
                        {"mode", name_of(mode)},
                        {"digests", std::move(digest_names)},
                        {"version", version},
                        {"device_type", device_type},
                        {"boot_id", boot_id}};
    if (certification) object["certification"] = *certification;
    if (receiver) object["receiver"] = json::object{{"host", receiver->host}, {"port", receiver->port}};
    return object;
}

Result<OpenReply> OpenReply::parse(std::string_view body) {
    const auto object = parse_object(body, "the reply");
    if (!object) return object.error();
    Fields fields(*object, "open reply");
    OpenReply reply;
    reply.protocol = fields.number("protocol");
    reply.session = fields.text("session");
    want_nonce(fields, "session", reply.session);
    if (fields.has("certification")) reply.certification = fields.text("certification");
    reply.expires_in = fields.number("expires_in");
    const auto mode = fields.text("mode");
    reply.host = fields.text_or("host", "");
    if (fields.has("port")) reply.port = port_of(fields, "port");
    reply.push_from = fields.texts_or_none("push_from");
    if (!fields.ok()) return fields.error();
    if (reply.protocol < oldest_protocol || reply.protocol > messages::protocol)
        return fail(Errc::unsupported, "the plugin speaks protocol " + std::to_string(reply.protocol));
    const auto known = mode_from_name(mode);
    if (!known) return fail(Errc::unsupported, "mode `" + mode + "`");
    reply.mode = *known;
    return reply;
}

json::object OpenReply::to_json() const {
    json::object object{{"protocol", protocol},  {"session", session}, {"expires_in", expires_in},
                        {"mode", name_of(mode)}, {"host", host},       {"port", port}};
    if (certification) object["certification"] = *certification;
    if (!push_from.empty()) object["push_from"] = names(push_from);
    return object;
}

Result<TransferReport> TransferReport::parse(std::string_view body) {
    const auto object = parse_object(body, "the request");
    if (!object) return object.error();
    Fields fields(*object, "transfer");
    TransferReport report;
    report.bytes = fields.number("bytes");
    report.fetched_twice = fields.number_or("fetched_twice", 0);
    report.resumed = fields.number_or("resumed", 0);
    report.seconds = fields.real_or("seconds", 0);
    report.cpu_seconds = fields.real_or("cpu_seconds", 0);
    report.digest = fields.text("digest");
    want_name(fields, "digest", report.digest);
    report.path = fields.text("path");
    want_name(fields, "path", report.path);
    if (!fields.ok()) return fields.error();
    return report;
}

json::object TransferReport::to_json() const {
    return {{"bytes", bytes},     {"fetched_twice", fetched_twice}, {"resumed", resumed},
            {"seconds", seconds}, {"cpu_seconds", cpu_seconds},     {"digest", digest},
            {"path", path}};
}

Result<Progress> Progress::parse(std::string_view body) {
    const auto object = parse_object(body, "the request");
    if (!object) return object.error();
    Fields fields(*object, "progress");
    const auto state = fields.text("state");
    Progress progress;
    progress.compared_offline = fields.boolean_or("compared_offline", false);
    if (!fields.ok()) return fields.error();
    for (const auto step : {SessionStep::installed, SessionStep::committed, SessionStep::rolled_back}) {
        if (name_of(step) != state) continue;
        progress.step = step;
        return progress;
    }
    return fail(Errc::bad_request, "progress: `state` must be installed, committed or rolled_back");
}

json::object Progress::to_json() const {
    json::object object{{"state", name_of(step)}};
    if (compared_offline) object["compared_offline"] = true;
    return object;
}

Result<StartNotification> StartNotification::parse(std::string_view body) {
    const auto object = parse_object(body, "the request");
    if (!object) return object.error();
    Fields fields(*object, "start");
    StartNotification start{fields.text("boot_id")};
    want_name(fields, "boot_id", start.boot_id);
    if (!fields.ok()) return fields.error();
    return start;
}

json::object StartNotification::to_json() const {
    return {{"boot_id", boot_id}};
}

Result<VersionRequest> VersionRequest::parse(std::string_view body) {
    const auto object = parse_object(body, "the reply");
    if (!object) return object.error();
    Fields fields(*object, "start reply");
    const auto request = fields.text("request");
    VersionRequest parsed{fields.text("nonce")};
    want_nonce(fields, "nonce", parsed.nonce);
    if (fields.ok() && request != "version") fields.refuse("`request` must be version");
    if (!fields.ok()) return fields.error();
    return parsed;
}

json::object VersionRequest::to_json() const {
    return {{"request", "version"}, {"nonce", nonce}};
}

Result<VersionReport> VersionReport::parse(std::string_view body) {
    const auto object = parse_object(body, "the request");
    if (!object) return object.error();
    Fields fields(*object, "version");
    VersionReport report{fields.text("version"), fields.text("nonce"), fields.text("boot_id")};
    want_nonce(fields, "nonce", report.nonce);
    want_name(fields, "boot_id", report.boot_id);
    if (fields.ok() && report.version.size() > 255) fields.refuse("`version` must have at most 255 bytes");
    if (!fields.ok()) return fields.error();
    return report;
}

json::object VersionReport::to_json() const {
    return {{"version", version}, {"nonce", nonce}, {"boot_id", boot_id}};
}

Result<Verdict> Verdict::parse(std::string_view body) {
    const auto object = parse_object(body, "the reply");
    if (!object) return object.error();
    Fields fields(*object, "version reply");
    const auto verdict = fields.text("verdict");
    Verdict parsed{verdict == "confirmed", fields.text("expected"), fields.text("reported")};
    if (fields.ok() && verdict != "confirmed" && verdict != "mismatch")
        fields.refuse("`verdict` must be confirmed or mismatch");
    if (!fields.ok()) return fields.error();
    return parsed;
}

json::object Verdict::to_json() const {
    return {
        {"verdict", confirmed ? "confirmed" : "mismatch"}, {"expected", expected}, {"reported", reported}};
}

Result<FailureReport> FailureReport::parse(std::string_view body) {
    const auto object = parse_object(body, "the request");
    if (!object) return object.error();
    Fields fields(*object, "failure");
    FailureReport report;
    report.stage = fields.text("stage");
    want_name(fields, "stage", report.stage);
    report.kept = fields.number_or("kept", 0);
    const auto reason = fields.text("reason");
    report.error.detail = fields.text_or("detail", "").substr(0, max_detail);
    if (!fields.ok()) return fields.error();
    const auto known = errc_from_reason(reason);
    report.error.code = known.value_or(Errc::internal);
    if (!known) report.error.detail = reason.substr(0, max_detail) + ": " + report.error.detail;
    return report;
}

json::object FailureReport::to_json() const {
    return {{"stage", stage},
            {"kept", kept},
            {"reason", info(error.code).reason},
            {"detail", error.detail.substr(0, max_detail)}};
}

Result<SessionStatus> SessionStatus::parse(std::string_view body) {
    const auto object = parse_object(body, "the reply");
    if (!object) return object.error();
    Fields fields(*object, "session");
    const auto state = session_state_from_name(fields.text("state"));
    SessionStatus status;
    status.reason = errc_from_reason(fields.text_or("reason", ""));
    status.expires_in = fields.number_or("expires_in", 0);
    if (fields.ok() && !state) fields.refuse("`state` is not one this release knows");
    if (!fields.ok()) return fields.error();
    status.state = *state;
    return status;
}

json::object SessionStatus::to_json() const {
    json::object object{{"state", name_of(state)}, {"expires_in", expires_in}};
    if (reason) object["reason"] = info(*reason).reason;
    return object;
}

Result<UpdateRequest> UpdateRequest::parse(std::string_view body) {
    constexpr std::size_t most_streams = 256;
    const auto object = parse_object(body, "the request");
    if (!object) return object.error();
    Fields fields(*object, "update request");
    UpdateRequest request;
    if (fields.has("release")) {
        request.release = fields.text("release");
        want_name(fields, "release", request.release);
    }
    const auto streams = fields.object_or_empty("committed");
    if (streams.size() > most_streams) fields.refuse("`committed` has over 256 streams");
    if (!fields.ok()) return fields.error();
    Fields numbers(streams, "`committed`");
    for (const auto& [stream, value] : streams)
        request.committed.emplace(stream, numbers.number(stream));
    if (!numbers.ok()) return numbers.error();
    return request;
}

json::object UpdateRequest::to_json() const {
    json::object object;
    if (!release.empty()) object["release"] = release;
    json::object streams;
    for (const auto& [stream, sequence] : committed)
        streams[stream] = sequence;
    object["committed"] = std::move(streams);
    return object;
}

Result<UpdateReply> UpdateReply::parse(std::string_view body) {
    const auto object = parse_object(body, "the reply");
    if (!object) return object.error();
    Fields fields(*object, "update reply");
    UpdateReply reply{fields.text("deployment"), fields.text("release")};
    if (!fields.ok()) return fields.error();
    return reply;
}

json::object UpdateReply::to_json() const {
    return {{"deployment", deployment}, {"release", release}};
}

std::optional<ErrorBody> ErrorBody::parse(std::string_view body) {
    const auto object = parse_object(body, "the error");
    if (!object) return std::nullopt;
    Fields fields(*object, "error");
    const auto code = errc_from_reason(fields.text("reason"));
    ErrorBody parsed{{Errc::internal, fields.text_or("detail", "")}, fields.text_or("request_id", "")};
    if (!fields.ok() || !code) return std::nullopt;
    parsed.error.code = *code;
    return parsed;
}

json::object ErrorBody::to_json() const {
    return {{"error", error.message()},
            {"reason", info(error.code).reason},
            {"detail", error.detail},
            {"request_id", request_id}};
}

} // namespace two_path::messages
