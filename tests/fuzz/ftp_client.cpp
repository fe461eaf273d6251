// What an FTP server says to the device or to the plugin that pushes: lines, replies, and which of them fit.
// The first byte of each line of the input chooses what the client asks next; the rest is what the server
// answers.
#include "ftp/client_dialogue.hpp"
#include "ftp/line.hpp"
#include "tests/fuzz/target.hpp"

using namespace two_path;
using namespace two_path::fuzz;

namespace {

constexpr std::size_t line_limit = 512;
constexpr int requests = static_cast<int>(ftp::ClientDialogue::Request::quit) + 1;

/// The server's answer to one request; what it says beyond that waits for the next one.
void answer(ftp::ClientDialogue& dialogue, ftp::LineSplitter& lines, ftp::ReplyParser& replies) {
    while (const auto line = lines.next(line_limit)) {
        promise(line->text.size() <= line_limit, "a line is bounded");
        if (line->kind != ftp::Line::Kind::text) continue;
        if (replies.line(line->text) != ftp::ReplyParser::State::complete) continue;
        const auto reply = replies.take();
        promise(reply.code >= 100 && reply.code <= 599, "a reply's code is one");
        promise(reply.text.size() <= ftp::ReplyParser::max_lines * (line_limit + 1), "a reply is bounded");
        const bool was_in = dialogue.logged_in();
        const auto verdict = dialogue.judge(reply);
        if (!was_in && dialogue.logged_in())
            promise(reply.kind() == 2 && verdict == ftp::ClientDialogue::Verdict::accepted,
                    "only a positive reply logs in");
        if (const auto port = ftp::parse_passive(reply.text)) promise(*port != 0, "port 0 is no port");
        if (const auto port = ftp::parse_extended_passive(reply.text))
            promise(*port != 0, "port 0 is no port");
        if (verdict != ftp::ClientDialogue::Verdict::more) return;
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    auto input = text_of(data, size);
    ftp::ClientDialogue dialogue;
    ftp::LineSplitter lines;
    ftp::ReplyParser replies;
    while (!input.empty()) {
        auto step = take_until(input, "\n\n");
        if (step.empty()) continue;
        const auto request = static_cast<unsigned char>(step.front()) % requests;
        step.remove_prefix(1);
        const auto argument = take_until(step, "\n");
        const auto line = dialogue.begin(static_cast<ftp::ClientDialogue::Request>(request), argument);
        if (line && !line->empty()) {
            promise(line->ends_with("\r\n") && line->find_first_of("\r\n") == line->size() - 2,
                    "a command is one line");
            promise(!dialogue.transferring() || dialogue.logged_in(), "no transfer without a login");
        }
        lines.feed(step);
        lines.feed("\r\n");
        if (line) answer(dialogue, lines, replies);
    }
    return 0;
}
