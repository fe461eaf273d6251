#include "ftp/client_dialogue.hpp"

#include "ftp/command.hpp"

#include <algorithm>
#include <iterator>

namespace two_path::ftp {

/// When a request may be made, what is sent, what success looks like and where it leads.
struct ClientDialogue::Rule {
    State from;
    std::string_view verb;
    bool argument;
    int codes[2];
    State to;
};

const ClientDialogue::Rule& ClientDialogue::rule(Request request) noexcept {
    using enum State;
    static constexpr Rule rules[] = {
        {silent, "", false, {220, 220}, greeted},         // banner
        {greeted, "USER", true, {331, 331}, named},       // user; 230 at once would skip the challenge
        {named, "PASS", true, {230, 230}, ready},         // password
        {ready, "TYPE I", false, {200, 200}, ready},      // type
        {ready, "EPSV", false, {229, 229}, ready},        // extended_passive
        {ready, "PASV", false, {227, 227}, ready},        // passive
        {ready, "SIZE", true, {213, 213}, ready},         // size
        {ready, "REST", true, {350, 350}, ready},         // restart
        {ready, "RETR", true, {150, 125}, transferring},  // retrieve
        {ready, "STOR", true, {150, 125}, transferring},  // store
        {transferring, "", false, {226, 250}, ready},     // result
        {transferring, "ABOR", false, {226, 225}, ready}, // abort
        {greeted, "QUIT", false, {221, 221}, over},       // quit
    };
    return rules[static_cast<std::size_t>(request)];
}

bool ClientDialogue::allowed(Request request) const noexcept {
    if (request == Request::quit) return state_ != State::silent && state_ != State::over;
    return state_ == rule(request).from;
}

boost::system::result<std::string> ClientDialogue::begin(Request request, std::string_view argument) {
    constexpr std::size_t longest = 400; // a line that every server takes, also before login
    const auto& rule = ClientDialogue::rule(request);
    if (!allowed(request)) return make_error_code(Errc::out_of_order);
    if (rule.argument && (argument.empty() || argument.size() > longest || !printable(argument)))
        return make_error_code(Errc::bad_argument);
    request_ = request;
    abort_answers_transfer_ = request == Request::abort;
    if (rule.verb.empty()) return std::string();
    std::string line(rule.verb);
    if (rule.argument) line.append(" ").append(argument);
    return line.append("\r\n");
}

ClientDialogue::Verdict ClientDialogue::judge(const Reply& reply) {
    const auto& rule = ClientDialogue::rule(request_);
    if (reply.code == 421) {
        state_ = State::over;
        return Verdict::refused;
    }
    if (abort_answers_transfer_ && (reply.kind() == 2 || reply.kind() == 4 || reply.kind() == 5)) {
        abort_answers_transfer_ = false;
        return Verdict::more;
    }
    if (std::find(std::begin(rule.codes), std::end(rule.codes), reply.code) != std::end(rule.codes)) {
        state_ = rule.to;
        return Verdict::accepted;
    }
    if (reply.kind() == 4 || reply.kind() == 5) {
        // A failed login starts anew with USER, a failed transfer is over, all else is as it was.
        if (state_ == State::named) state_ = State::greeted;
        if (state_ == State::transferring) state_ = State::ready;
        return Verdict::refused;
    }
    state_ = State::over;
    return Verdict::unexpected;
}

} // namespace two_path::ftp
