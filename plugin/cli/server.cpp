#include "plugin/cli/server.hpp"

#include "plugin/control/artifact_form.hpp"
#include "protocol/messages.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <utility>

namespace two_path::cli {
namespace {

constexpr std::uint64_t page_size = 100;
constexpr std::uint64_t max_pages = 1000;

Result<json::value> parsed(const control::ClientResponse& response, const std::string& target) {
    boost::system::error_code ec;
    auto value = json::parse(response.body, ec);
    if (ec) return fail(Errc::no_route, target + ": the answer is not JSON");
    return value;
}

std::string last_segment(const control::ClientResponse& response) {
    const auto location = response.headers.find("Location");
    if (location == response.headers.end()) return {};
    return location->second.substr(location->second.find_last_of('/') + 1);
}

} // namespace

std::string encoded(std::string_view text) {
    return control::percent_encode(text);
}

std::string own_path(std::string_view part) {
    return std::string(messages::management_api).append(part);
}

Server::Server(Transport transport, const std::string& token)
  : transport_(std::move(transport))
  , authorization_("Bearer " + token) {}

Result<Server> Server::open(const Shell& shell) {
    const auto account = read_account(shell.settings);
    if (!account) return account.error();
    if (account->token.empty()) return fail(Errc::unauthorized, "nobody has logged in; run `two-path login`");
    auto transport = shell.connect(*account);
    if (!transport) return transport.error();
    return Server(std::move(*transport), account->token);
}

Result<std::string> Server::log_in(const Transport& transport, const std::string& email,
                                   const std::string& password) {
    control::ClientRequest request;
    request.method = "POST";
    request.target = "/api/management/v1/useradm/auth/login";
    request.headers["Authorization"] = "Basic " + to_base64(bytes_of(email + ":" + password));
    request.headers["Content-Type"] = "application/json";
    auto response = transport(std::move(request));
    if (!response) return response.error();
    if (response->status == 401) return fail(Errc::unauthorized, "e-mail address or password is wrong");
    auto answer = control::success_of(std::move(*response));
    if (!answer) return answer.error();
    const auto& token = answer->body;
    if (token.empty() || token.find_first_of(" \t\r\n<") != std::string::npos)
        return fail(Errc::no_route, "the login's answer is not a token; is this a Mender server?");
    return token;
}

Result<control::ClientResponse> Server::run(control::ClientRequest request) const {
    request.headers["Authorization"] = authorization_;
    auto response = transport_(std::move(request));
    if (!response) return response;
    auto answer = control::success_of(std::move(*response));
    if (!answer && answer.error().code == Errc::unauthorized)
        return fail(Errc::unauthorized, "it has ended; run `two-path login`");
    return answer;
}

Result<json::value> Server::get(const std::string& target) const {
    control::ClientRequest request;
    request.target = target;
    const auto response = run(std::move(request));
    if (!response) return response.error();
    return parsed(*response, target);
}

Result<void> Server::stream(const std::string& target,
                            std::function<Result<void>(std::span<const std::uint8_t>)> sink) const {
    control::ClientRequest request;
    request.target = target;
    request.sink = std::move(sink);
    if (const auto response = run(std::move(request)); !response) return response.error();
    return {};
}

Result<json::array> Server::list(const std::string& target) const {
    json::array all;
    const auto joint = target.find('?') == std::string::npos ? "?" : "&";
    for (std::uint64_t page = 1; page <= max_pages; ++page) {
        const auto part =
            target + joint + "page=" + std::to_string(page) + "&per_page=" + std::to_string(page_size);
        auto answer = get(part);
        if (!answer) return answer.error();
        if (!answer->is_array()) return fail(Errc::no_route, target + ": the answer is not a list");
        // A server that knows no pages gives everything at once, and again.
        if (page > 1 && !all.empty() && !answer->get_array().empty() && answer->get_array()[0] == all[0])
            return all;
        const auto count = answer->get_array().size();
        for (auto& value : answer->get_array())
            all.push_back(std::move(value));
        if (count != page_size) return all;
    }
    return fail(Errc::too_large, target + ": the list does not end");
}

Result<control::ClientResponse> Server::send(const char* method, const std::string& target,
                                             const json::value& body) const {
    control::ClientRequest request;
    request.method = method;
    request.target = target;
    request.headers["Content-Type"] = "application/json";
    request.body = json::serialize(body);
    return run(std::move(request));
}

Result<std::string> Server::post(const std::string& target, const json::value& body) const {
    const auto response = send("POST", target, body);
    if (!response) return response.error();
    return last_segment(*response);
}

Result<json::object> Server::post_object(const std::string& target, const json::value& body) const {
    const auto response = send("POST", target, body);
    if (!response) return response.error();
    auto answer = parse_object(response->body, "the answer");
    if (!answer) return fail(Errc::no_route, target + ": " + answer.error().detail);
    return answer;
}

Result<std::string> Server::get_bytes(const std::string& target) const {
    control::ClientRequest request;
    request.target = target;
    auto response = run(std::move(request));
    if (!response) return response.error();
    return std::move(response->body);
}

Result<void> Server::put(const std::string& target, const json::value& body) const {
    if (const auto response = send("PUT", target, body); !response) return response.error();
    return {};
}

Result<void> Server::remove(const std::string& target) const {
    control::ClientRequest request;
    request.method = "DELETE";
    request.target = target;
    if (const auto response = run(std::move(request)); !response) return response.error();
    return {};
}

Result<void> Server::store(publishing::WireStream& stream) const {
    control::ClientRequest request;
    request.method = "POST";
    request.target = own_path("/payloads");
    request.headers["Content-Type"] = "application/octet-stream";
    request.source = [&stream](std::span<std::uint8_t> buffer) { return stream.read(buffer); };
    const auto response = run(std::move(request));
    if (!response) return response.error();
    const auto answer = parse_object(response->body, "the answer to a payload");
    if (!answer) return fail(Errc::no_route, answer.error().detail);
    Fields fields(*answer, "the answer to a payload");
    const auto id = fields.text("id");
    const auto size = fields.number("size");
    if (!fields.ok()) return fields.error();
    const auto& sent = stream.sent();
    if (id != sent.file.id || size != sent.file.wire_size)
        return fail(Errc::internal, sent.file.name + ": the plugin received other bytes than were sent");
    return {};
}

Result<bool> Server::register_release(const json::object& meta_data) const {
    const auto response = send("POST", own_path("/releases"), meta_data);
    if (!response) return response.error();
    return response->status == 201;
}

Result<std::string> Server::upload_artifact(const std::string& artifact,
                                            const std::string& description) const {
    control::ClientRequest request;
    request.method = "POST";
    request.target = artifacts_path;
    control::put_artifact(request, artifact, description);
    const auto response = run(std::move(request));
    if (!response) return response.error();
    return last_segment(*response);
}

} // namespace two_path::cli
