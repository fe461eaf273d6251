#include "ftp/server_dialogue.hpp"

#include "ftp/reply.hpp"

#include <algorithm>

namespace two_path::ftp {
namespace {

using Do = ServerDialogue::Do;
using Step = ServerDialogue::Step;

constexpr std::string_view features = "Features:\n EPSV\n PASV\n REST STREAM\n SIZE\n UTF8\nEnd";
constexpr std::string_view passive_mode_only =
    "Active mode is refused (RFC 2577); use passive mode, EPSV or PASV. On Windows use curl.exe.";

Step say(int code, std::string_view text, Do what = Do::nothing) {
    Step step;
    step.what = what;
    step.reply = print_reply(code, text);
    return step;
}

Step ask(Do what, std::string_view argument) {
    Step step;
    step.what = what;
    step.argument = argument;
    return step;
}

Step refuse(Refusal refusal, Do what, bool storing = false) {
    switch (refusal) {
    case Refusal::not_found:
        return storing ? say(553, "Not a name to store under.", what) : say(550, "No such file.", what);
    case Refusal::busy:
        return say(450, "Busy, try again later.", what);
    case Refusal::no_room:
        return say(452, "Not enough room.", what);
    case Refusal::unserved:
        return say(502, "Not served here.", what);
    case Refusal::failed:
        break;
    }
    return say(451, "Local error, try again later.", what);
}

/// The reply to a transfer's end.
Step result(DataEnd end, bool storing) {
    switch (end) {
    case DataEnd::whole:
        return say(226, storing ? "All stored." : "All sent.");
    case DataEnd::no_connection:
        return say(425, "No data connection came.");
    case DataEnd::broken:
        return say(426, "The data connection broke.");
    case DataEnd::stopped:
        return say(426, storing ? "Ended early." : "Ended at the edge of a block.");
    case DataEnd::failed:
        break;
    case DataEnd::rejected:
        return say(451, "The file is not what it should be.");
    case DataEnd::no_room:
        return say(552, "No room is left.");
    case DataEnd::too_long:
        return say(552, "More bytes than the file may have.");
    }
    return say(451, storing ? "The file could not be written." : "The file could not be read.");
}

} // namespace

Step ServerDialogue::connected() const {
    return say(220, settings_.banner);
}

Step ServerDialogue::line(const Line& line) {
    if (line.kind == Line::Kind::too_long) {
        if (offended_) return closing("Line too long.");
        offended_ = true;
        return say(500, "Line too long.");
    }
    if (line.kind == Line::Kind::malformed) return say(501, "CR or NUL within a line.");

    auto text = strip_telnet(line.text);
    const auto verb = parse_command(text).verb;
    if (verb == Verb::http) return ask(Do::close, {});
    if (!transferring()) return execute(text);
    if (verb == Verb::abor) return abort();
    queue_.push_back(std::move(text));
    return {};
}

std::optional<Step> ServerDialogue::queued() {
    if (transferring() || queue_.empty()) return std::nullopt;
    const auto text = std::move(queue_.front());
    queue_.erase(queue_.begin());
    return execute(text);
}

Step ServerDialogue::execute(const std::string& line) {
    const auto command = parse_command(line);
    // RFC 3659 section 5.1: REST holds for the very next command; only the set-up of the data connection may
    // stand between, and NOOP, as every server has it.
    const bool keeps_restart = command.verb == Verb::pasv || command.verb == Verb::epsv ||
                               command.verb == Verb::noop || command.verb == Verb::allo ||
                               command.verb == Verb::retr || command.verb == Verb::stor ||
                               command.verb == Verb::appe;
    if (!keeps_restart) restart_.reset();

    if (!printable(command.argument)) return say(501, "Control characters are not allowed.");
    if (auto step = anytime(command)) return std::move(*step);
    return logged_in() ? after_login(command) : before_login(command);
}

std::optional<Step> ServerDialogue::anytime(const Command& command) {
    switch (command.verb) {
    case Verb::quit:
        left_ = logged_in();
        return say(221, "Goodbye.", Do::close);
    case Verb::noop:
        return say(200, "Nothing done.");
    case Verb::feat:
        return say(211, features);
    case Verb::syst:
        return say(215, "UNIX Type: L8");
    case Verb::clnt:
        return say(200, "Noted.");
    case Verb::opts: {
        const auto option = upper(command.argument);
        if (option == "UTF8 ON" || option == "UTF8") return say(200, "UTF-8 it is.");
        return say(501, "Unknown option.");
    }
    case Verb::unavailable:
        return say(502, "Not available here.");
    case Verb::unknown:
        return say(500, "Unknown command.");
    default:
        return std::nullopt;
    }
}

Step ServerDialogue::before_login(const Command& command) {
    switch (command.verb) {
    case Verb::user:
        if (command.argument.empty()) return say(501, "USER needs a name.");
        return ask(Do::challenge, command.argument);
    case Verb::pass:
        if (state_ != State::password) return say(503, "Send USER first.");
        return ask(Do::authenticate, command.argument);
    default:
        return say(530, "Please log in.");
    }
}

Step ServerDialogue::challenged(std::string_view text) {
    state_ = State::password;
    return say(331, text);
}

Step ServerDialogue::authenticated(const std::optional<std::string>& text) {
    if (text) {
        state_ = State::ready;
        return say(230, *text);
    }
    state_ = State::user;
    auto step = say(530, "Login incorrect.");
    step.delayed = true;
    if (++failures_ >= settings_.max_login_failures) {
        step.reply += print_reply(421, "Too many failed logins.");
        step.what = Do::close;
    }
    return step;
}

Step ServerDialogue::after_login(const Command& command) {
    switch (command.verb) {
    case Verb::user:
    case Verb::pass:
        return say(503, "Already logged in.");
    case Verb::abor:
        return abort();
    case Verb::type:
        return type(upper(command.argument));
    case Verb::mode:
        return upper(command.argument) == "S" ? say(200, "Stream.") : say(504, "Only MODE S.");
    case Verb::stru:
        return upper(command.argument) == "F" ? say(200, "File.") : say(504, "Only STRU F.");
    case Verb::allo:
        return allocate(command.argument);
    case Verb::pwd:
        return say(257, "\"/\" is the only directory.");
    case Verb::cdup:
        return say(250, "Still in /.");
    case Verb::cwd:
        if (command.argument == "/" || command.argument == ".") return say(250, "Still in /.");
        return say(550, "No such directory.");
    case Verb::active:
        return say(502, passive_mode_only);
    case Verb::epsv:
    case Verb::pasv:
        return passive(command);
    case Verb::rest:
        return restart(command.argument);
    case Verb::size:
    case Verb::retr:
    case Verb::stor:
    case Verb::appe:
        return file(command);
    default:
        return say(502, "Not served here.");
    }
}

Step ServerDialogue::type(std::string_view argument) {
    if (argument.empty()) return say(501, "TYPE needs an argument.");
    const bool binary = argument == "I" || argument == "L 8";
    const bool ascii = argument == "A" || argument == "A N";
    if (!binary && !ascii) return say(504, "Only TYPE I and TYPE A.");
    binary_ = binary;
    return say(200, binary ? "Binary." : "ASCII; files need TYPE I.");
}

Step ServerDialogue::passive(const Command& command) {
    const auto argument = upper(command.argument);
    extended_ = command.verb == Verb::epsv;
    if (extended_ && argument == "ALL") {
        extended_only_ = true;
        return say(200, "EPSV from now on.");
    }
    if (extended_) {
        const std::string_view own = settings_.ipv6 ? "2" : "1";
        if (argument == "1" || argument == "2") {
            if (argument != own) return say(522, "Other network protocol, use (" + std::string(own) + ")");
        } else if (!argument.empty()) {
            return say(501, "EPSV takes 1, 2 or ALL.");
        }
    } else {
        if (!argument.empty()) return say(501, "PASV takes no argument.");
        if (extended_only_) return say(501, "Refused after EPSV ALL.");
        if (settings_.ipv6) return say(425, "PASV cannot name an IPv6 address; use EPSV.");
    }
    passive_ = false;
    return ask(Do::listen, {});
}

Step ServerDialogue::listening(std::optional<tcp::endpoint> endpoint) {
    if (!endpoint) return say(425, "No data port is free.");
    passive_ = true;
    if (extended_) return say(229, extended_passive_text(endpoint->port()));
    return say(227, passive_text(endpoint->address().to_v4(), endpoint->port()));
}

Step ServerDialogue::restart(std::string_view argument) {
    const auto offset = parse_number(argument);
    if (!offset) return say(501, "REST takes a number of bytes.");
    restart_ = *offset;
    return say(350, "Restarting at " + std::to_string(*offset) + '.');
}

Step ServerDialogue::allocate(std::string_view argument) {
    if (const auto record = argument.find(' '); record != std::string_view::npos) {
        const auto rest = upper(argument.substr(record));
        return say(rest.substr(0, 3) == " R " ? 504 : 501, "ALLO takes a number of bytes.");
    }
    const auto bytes = parse_number(argument);
    if (!bytes) return say(501, "ALLO takes a number of bytes.");
    allocation_ = *bytes;
    return say(200, "The next file must have as many.");
}

Step ServerDialogue::file(const Command& command) {
    auto name = command.argument;
    if (!name.empty() && name.front() == '/') name.remove_prefix(1);
    const auto restart = std::exchange(restart_, std::nullopt);
    offset_ = restart.value_or(0);
    storing_ = command.verb == Verb::stor || command.verb == Verb::appe;
    append_ = command.verb == Verb::appe && !restart; // RFC 3659 section 5.3: APPE after REST is a STOR
    if (name.empty()) return say(501, "A file name is needed.");
    if (command.verb == Verb::size) return binary_ ? ask(Do::size, name) : say(550, "SIZE needs TYPE I.");
    if (!binary_) return say(504, "Only in TYPE I.");
    if (!passive_) return say(425, "Send EPSV or PASV first.");
    return ask(storing_ ? Do::store : Do::open, name);
}

Step ServerDialogue::sized(const std::variant<std::uint64_t, Refusal>& answer) {
    if (const auto* refusal = std::get_if<Refusal>(&answer)) return refuse(*refusal, Do::nothing);
    return say(213, std::to_string(std::get<std::uint64_t>(answer)));
}

Step ServerDialogue::opened(const std::variant<std::uint64_t, Refusal>& size) {
    if (const auto* refusal = std::get_if<Refusal>(&size)) {
        passive_ = false;
        return refuse(*refusal, Do::cut);
    }
    if (offset_ > std::get<std::uint64_t>(size)) {
        passive_ = false;
        return say(554, "REST is past the end of the file.", Do::cut);
    }
    state_ = State::transferring;
    auto step = ask(Do::transfer, {});
    step.offset = offset_;
    return step;
}

Step ServerDialogue::allotted(const std::variant<Space, Refusal>& answer) {
    const auto allocation = std::exchange(allocation_, std::nullopt);
    passive_ = false; // but for the last line
    if (const auto* refusal = std::get_if<Refusal>(&answer)) return refuse(*refusal, Do::cut, true);
    auto space = std::get<Space>(answer);
    if (append_) offset_ = space.stored;
    if (offset_ > space.stored) return say(554, "REST is past the end of what is stored.", Do::cut);
    // RFC 959 section 4.1.3: the size of the whole file, and the only one that the client can tell.
    if (allocation && (*allocation > space.size || (space.exact && *allocation != space.size)))
        return say(552, "Not the size that the file may have.", Do::cut);
    if (allocation) space = {space.stored, *allocation, true};
    if (offset_ > space.size) return say(552, "REST is past the size that the file may have.", Do::cut);
    passive_ = true;
    state_ = State::transferring;
    auto step = ask(Do::receive, {});
    step.offset = offset_;
    step.size = space.size;
    step.exact = space.exact;
    return step;
}

Step ServerDialogue::data_connected() {
    taken_ = storing_;
    return say(150, storing_ ? "Send the file." : "Sending the file.");
}

Step ServerDialogue::data_ended(DataEnd end) {
    passive_ = taken_ = false;
    if (!transferring()) return {}; // the data port was never used and has closed
    const bool answered = state_ == State::aborting;
    state_ = State::ready;
    auto step = answered ? Step() : result(end, storing_);
    if (stopping_) step.reply += closing("The server stops.").reply;
    if (stopping_) step.what = Do::close;
    return step;
}

Step ServerDialogue::abort() {
    passive_ = false;
    if (state_ != State::transferring) return say(225, "Nothing to abort.", Do::cut);
    state_ = taken_ ? State::aborting : State::ready;
    auto step = say(426, "Transfer aborted.", Do::cut);
    step.reply += print_reply(226, "Abort done.");
    return step;
}

Step ServerDialogue::end_of_input() {
    const auto is_quit = [](const std::string& text) { return parse_command(text).verb == Verb::quit; };
    // RFC 959 section 4.1.1: QUIT lets the transfer finish, an unexpected end acts as ABOR and QUIT.
    if (transferring() && std::any_of(queue_.begin(), queue_.end(), is_quit)) return {};
    return ask(Do::close, {});
}

Step ServerDialogue::stopping() {
    stopping_ = true;
    return transferring() ? ask(Do::stop, {}) : closing("The server stops.");
}

Step ServerDialogue::closing(std::string_view why) {
    auto step = say(transferring() ? 426 : 421, why, Do::close);
    if (transferring()) step.reply += print_reply(421, why);
    return step;
}

} // namespace two_path::ftp
