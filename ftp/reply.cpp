#include "ftp/reply.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace two_path::ftp {
namespace {

/// A decimal number of at most `limit` at the front of `text`, which it takes off.
std::optional<unsigned> take_number(std::string_view& text, unsigned limit) {
    unsigned value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || value > limit) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    return value;
}

bool digit(char c) noexcept {
    return c >= '0' && c <= '9';
}

} // namespace

std::string print_reply(int code, std::string_view text) {
    const auto number = std::to_string(code);
    auto end = text.find('\n');
    std::string lines;
    if (end != std::string_view::npos) {
        lines = number + '-';
        while (end != std::string_view::npos) {
            lines.append(text.substr(0, end)).append("\r\n");
            text.remove_prefix(end + 1);
            end = text.find('\n');
        }
    }
    return lines + number + ' ' + std::string(text) + "\r\n";
}

std::string passive_text(const boost::asio::ip::address_v4& address, std::uint16_t port) {
    std::string text = "Entering passive mode (";
    for (const auto byte : address.to_bytes())
        text += std::to_string(byte) + ',';
    return text + std::to_string(port / 256) + ',' + std::to_string(port % 256) + ").";
}

std::string extended_passive_text(std::uint16_t port) {
    return "Entering extended passive mode (|||" + std::to_string(port) + "|).";
}

std::optional<std::uint16_t> parse_passive(std::string_view text) {
    // RFC 1123 section 4.1.2.6: the parentheses may be missing, so the numbers begin at the first digit.
    const auto start = std::find_if(text.begin(), text.end(), digit);
    text.remove_prefix(static_cast<std::size_t>(start - text.begin()));
    std::array<unsigned, 6> numbers{};
    for (std::size_t i = 0; i < numbers.size(); ++i) {
        if (i > 0) {
            if (text.empty() || text.front() != ',') return std::nullopt;
            text.remove_prefix(1);
        }
        const auto number = take_number(text, 255);
        if (!number) return std::nullopt;
        numbers[i] = *number;
    }
    if (!text.empty() && (digit(text.front()) || text.front() == ',')) return std::nullopt;
    const auto port = static_cast<std::uint16_t>(numbers[4] * 256 + numbers[5]);
    return port == 0 ? std::nullopt : std::optional(port);
}

std::optional<std::uint16_t> parse_extended_passive(std::string_view text) {
    const auto open = text.find('(');
    if (open == std::string_view::npos) return std::nullopt;
    text.remove_prefix(open + 1);
    // RFC 2428 section 3: three times the same delimiter, the port, the delimiter, a parenthesis.
    if (text.size() < 3) return std::nullopt;
    const char delimiter = text.front();
    if (digit(delimiter) || delimiter < 33 || delimiter > 126) return std::nullopt;
    if (text[1] != delimiter || text[2] != delimiter) return std::nullopt;
    text.remove_prefix(3);
    const auto port = take_number(text, 65535);
    if (!port || *port == 0 || text.size() < 2 || text[0] != delimiter || text[1] != ')') return std::nullopt;
    return static_cast<std::uint16_t>(*port);
}

ReplyParser::State ReplyParser::line(std::string_view line) {
    if (++lines_ > max_lines) return State::too_long;
    int code = 0;
    if (line.size() >= 3 && line[0] >= '1' && line[0] <= '5' && digit(line[1]) && digit(line[2]))
        code = (line[0] - '0') * 100 + (line[1] - '0') * 10 + (line[2] - '0');
    const char mark = code == 0 ? '\0' : line.size() > 3 ? line[3] : ' ';
    const auto text = line.size() > 4 ? line.substr(4) : std::string_view();

    if (reply_.code == 0) { // the first line
        if (mark != ' ' && mark != '-') return State::malformed;
        reply_.code = code;
        reply_.text = text;
        return mark == ' ' ? State::complete : State::more;
    }
    const bool last = code == reply_.code && mark == ' ';
    reply_.text.append("\n").append(last ? text : line);
    return last ? State::complete : State::more;
}

Reply ReplyParser::take() {
    lines_ = 0;
    return std::exchange(reply_, Reply());
}

} // namespace two_path::ftp
