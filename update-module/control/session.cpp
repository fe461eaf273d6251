#include "update-module/control/session.hpp"

#include "update-module/control/verdict.hpp"
#include "update-module/process.hpp"

#include <boost/asio/ip/address.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <optional>

#include <poll.h>

namespace two_path::control {
namespace {

constexpr milliseconds first_pause{500};
constexpr milliseconds longest_pause{15'000};
constexpr milliseconds longest_asked{60'000}; ///< of a Retry-After that we follow
constexpr milliseconds look_around{500};
constexpr milliseconds not_deployed_time{30'000}; ///< until the host framework shows a new deployment

constexpr milliseconds part_time{5'000};

constexpr unsigned ok = 200;
constexpr unsigned created = 201;
constexpr unsigned accepted = 202;
constexpr unsigned no_content = 204;
constexpr unsigned partial_content = 206;

/// Whether the same request may succeed later.
bool passes(Errc code) {
    switch (code) {
    case Errc::no_token:
    case Errc::plugin_unreachable:
    case Errc::busy:
    case Errc::unavailable:
    case Errc::not_deployed:
        return true;
    default:
        return false;
    }
}

Result<void> sleep(milliseconds time) {
    const auto end = Deadline::in(time);
    while (!end.passed()) {
        if (auto may = device::may_wait(end, "the plugin"); !may && may.error().code == Errc::interrupted)
            return may;
        ::poll(nullptr, 0, static_cast<int>(end.within(look_around).left().count()) + 1);
    }
    return {};
}

HttpRequest request_of(std::string method, std::string path, const json::object& body) {
    return {std::move(method), std::move(path), json::serialize(body)};
}

bool is_bearer(const std::string& token) {
    return !token.empty() && std::ranges::all_of(token, [](char c) { return c > ' ' && c <= '~'; });
}

bool are_addresses(const std::vector<std::string>& texts) {
    constexpr std::size_t most = 5;
    return !texts.empty() && texts.size() <= most && std::ranges::all_of(texts, [](const std::string& text) {
        boost::system::error_code ec;
        boost::asio::ip::make_address(text, ec);
        return !ec;
    });
}

/// An answer that is JSON of another kind is not the plugin's.
template<class Reply>
Result<Reply> read(const Result<std::string>& body) {
    if (!body) return body.error();
    auto reply = Reply::parse(*body);
    if (!reply && reply.error().code == Errc::bad_request)
        return fail(Errc::no_route, "the answer is not the plugin's: " + reply.error().detail);
    return reply;
}

} // namespace

/// How often and how long one step has been tried.
struct Session::Trial {
    Deadline deadline;
    Deadline not_deployed_until = Deadline::in(not_deployed_time);
    milliseconds pause{first_pause};
    std::optional<Access> refused{}; ///< by a 401
    bool renewed{false};
};

Session::Session(TokenSource& tokens, HttpsClient& client, std::string id, Note note)
  : tokens_(tokens)
  , client_(client)
  , id_(std::move(id))
  , note_(std::move(note)) {}

/// One exchange with a token asked for now.
Result<HttpReply> Session::exchange(const HttpRequest& request, Trial& trial) {
    const bool renew = trial.refused && !trial.renewed;
    const auto access =
        renew ? tokens_.renewed(*trial.refused, trial.deadline) : tokens_.current(trial.deadline);
    if (!access) return access.error();
    trial.renewed = trial.refused.has_value();
    if (!is_bearer(access->token)) return fail(Errc::no_token, "what was given as a token is none");
    auto reply = client_.exchange(access->url, access->token, request, trial.deadline);
    constexpr unsigned unauthorized = 401;
    if (reply && reply->status == unauthorized && !trial.refused) trial.refused = *access;
    return reply;
}

/// Gives the wait before the next try, or why there is none.
Result<milliseconds> Session::wait_after(const Error& error, std::optional<std::chrono::seconds> asked,
                                         Trial& trial) {
    if (error.code == Errc::unauthorized && trial.refused && !trial.renewed) return milliseconds(0);
    if (!passes(error.code)) return error;
    if (error.code == Errc::not_deployed && trial.not_deployed_until.passed()) return error;
    const auto wait = asked ? std::min(milliseconds(*asked), longest_asked) : trial.pause;
    if (!asked) trial.pause = std::min(2 * trial.pause, longest_pause);
    if (wait >= trial.deadline.left()) return error;
    return wait;
}

Result<std::string> Session::step(HttpRequest request, std::initializer_list<unsigned> wanted,
                                  Deadline deadline) {
    Trial trial{deadline};
    std::optional<Error> before;
    for (;;) {
        auto reply = exchange(request, trial);
        const auto asked = reply ? reply->retry_after : std::nullopt;
        auto body = reply ? body_of(std::move(*reply), wanted) : Result<std::string>(reply.error());
        if (body) return body;
        // What the end of the time cut off, perhaps while it asked for a token, is not the reason.
        if (before && deadline.passed()) return *before;
        const auto wait = wait_after(body.error(), asked, trial);
        if (!wait) return wait.error();
        if (note_ && wait->count() > 0 && (!before || before->code != body.error().code))
            note_("waiting for the plugin: " + body.error().message());
        before = body.error();
        if (auto slept = sleep(*wait); !slept) return slept.error();
    }
}

Result<void> Session::tell(std::string method, std::string_view part, const std::string& body,
                           Deadline deadline) {
    HttpRequest request{std::move(method), messages::session_path(id_, part), body};
    const auto told = step(std::move(request), {no_content}, deadline);
    if (!told) return told.error();
    return {};
}

Result<messages::OpenReply> Session::open(const messages::OpenRequest& request, Deadline deadline) {
    auto made = request_of("POST", messages::sessions_path(), request.to_json());
    auto reply = read<messages::OpenReply>(step(std::move(made), {ok, created}, deadline));
    if (!reply) return reply;
    if (reply->mode != request.mode)
        return fail(Errc::unsupported, "the plugin wants mode " + std::string(name_of(reply->mode)));
    if (request.issuer == Issuer::plugin &&
        !(reply->certification && Certification::parse(*reply->certification)))
        return fail(Errc::internal, "the plugin's answer carries no valid certification information");
    if (request.mode == Mode::pull && (reply->host.empty() || reply->port == 0))
        return fail(Errc::internal, "the plugin's answer names no FTP host and port");
    if (request.mode == Mode::push && !are_addresses(reply->push_from))
        return fail(Errc::internal, "the plugin's answer does not name the addresses that it pushes from");
    id_ = reply->session;
    return reply;
}

Result<void> Session::stored(Deadline deadline) {
    return tell("PUT", "certification", R"({"stored":true})", deadline);
}

Result<void> Session::transferred(const messages::TransferReport& report, Deadline deadline) {
    auto request = request_of("PUT", messages::session_path(id_, "transfer"), report.to_json());
    const auto body = step(std::move(request), {ok}, deadline);
    if (!body) return body.error();
    const auto object = parse_object(*body, "the answer");
    if (!object) return fail(Errc::no_route, "the answer is not the plugin's: " + object.error().detail);
    Fields fields(*object, "transfer reply");
    if (fields.text("request") != "invalidate")
        return fail(Errc::internal, "the plugin does not ask to invalidate the certification information");
    return {};
}

Result<void> Session::invalidated(Deadline deadline) {
    return tell("DELETE", "certification", {}, deadline);
}

Result<void> Session::progress(const messages::Progress& progress, Deadline deadline) {
    return tell("PUT", "progress", json::serialize(progress.to_json()), deadline);
}

Result<messages::VersionRequest> Session::start(const messages::StartNotification& start, Deadline deadline) {
    auto request = request_of("POST", messages::session_path(id_, "start"), start.to_json());
    return read<messages::VersionRequest>(step(std::move(request), {ok}, deadline));
}

Result<messages::Verdict> Session::version(const messages::VersionReport& report, Deadline deadline) {
    auto request = request_of("PUT", messages::session_path(id_, "version"), report.to_json());
    return read<messages::Verdict>(step(std::move(request), {ok}, deadline));
}

Result<void> Session::failure(const messages::FailureReport& report, Deadline deadline) {
    return tell("PUT", "failure", json::serialize(report.to_json()), deadline);
}

Result<messages::SessionStatus> Session::status(Deadline deadline) {
    HttpRequest request{"GET", messages::session_path(id_), {}};
    return read<messages::SessionStatus>(step(std::move(request), {ok}, deadline));
}

Result<std::string> Session::part(std::string_view file, std::uint64_t offset, std::size_t size,
                                  Deadline deadline) {
    HttpRequest request{"GET", messages::session_path(id_, "files/" + std::string(file)), {}};
    request.range = "bytes=" + std::to_string(offset) + "-" + std::to_string(offset + size - 1);
    request.most = std::max(size, request.most);
    auto bytes = step(std::move(request), {partial_content}, deadline.within(part_time));
    if (bytes && bytes->size() != size)
        return fail(Errc::no_route, "a range of " + std::to_string(size) + " bytes came with " +
                                        std::to_string(bytes->size()));
    return bytes;
}

Result<messages::UpdateReply> Session::request_update(const messages::UpdateRequest& request,
                                                      Deadline deadline) {
    auto made = request_of("POST", messages::update_requests_path(), request.to_json());
    return read<messages::UpdateReply>(step(std::move(made), {accepted}, deadline));
}

} // namespace two_path::control
