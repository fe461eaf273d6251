#include "ftp/command.hpp"

#include <algorithm>
#include <charconv>
#include <limits>

namespace two_path::ftp {
namespace {

struct Name {
    std::string_view name;
    Verb verb;
};

constexpr Name names[] = {
    {"ABOR", Verb::abor},        {"ALLO", Verb::allo},        {"CDUP", Verb::cdup},
    {"CLNT", Verb::clnt},        {"CWD", Verb::cwd},          {"EPSV", Verb::epsv},
    {"FEAT", Verb::feat},        {"MODE", Verb::mode},        {"NOOP", Verb::noop},
    {"OPTS", Verb::opts},        {"PASS", Verb::pass},        {"PASV", Verb::pasv},
    {"PWD", Verb::pwd},          {"QUIT", Verb::quit},        {"REST", Verb::rest},
    {"RETR", Verb::retr},        {"SIZE", Verb::size},        {"STRU", Verb::stru},
    {"SYST", Verb::syst},        {"TYPE", Verb::type},        {"USER", Verb::user},
    {"XCUP", Verb::cdup},        {"XCWD", Verb::cwd},         {"XPWD", Verb::pwd},
    {"PORT", Verb::active},      {"EPRT", Verb::active},      {"AUTH", Verb::unavailable},
    {"HOST", Verb::unavailable}, {"PBSZ", Verb::unavailable}, {"PROT", Verb::unavailable},
    {"ACCT", Verb::unserved},    {"APPE", Verb::appe},        {"DELE", Verb::unserved},
    {"HASH", Verb::unserved},    {"HELP", Verb::unserved},    {"LIST", Verb::unserved},
    {"MDTM", Verb::unserved},    {"MKD", Verb::unserved},     {"MLSD", Verb::unserved},
    {"MLST", Verb::unserved},    {"NLST", Verb::unserved},    {"RANG", Verb::unserved},
    {"REIN", Verb::unserved},    {"RMD", Verb::unserved},     {"RNFR", Verb::unserved},
    {"RNTO", Verb::unserved},    {"SITE", Verb::unserved},    {"SMNT", Verb::unserved},
    {"STAT", Verb::unserved},    {"STOR", Verb::stor},        {"STOU", Verb::unserved},
    {"XMKD", Verb::unserved},    {"XRMD", Verb::unserved},    {"CONNECT", Verb::http},
    {"DELETE", Verb::http},      {"GET", Verb::http},         {"HEAD", Verb::http},
    {"HOST:", Verb::http},       {"OPTIONS", Verb::http},     {"PATCH", Verb::http},
    {"POST", Verb::http},        {"PUT", Verb::http},         {"TRACE", Verb::http},
};

} // namespace

Command parse_command(std::string_view line) {
    const auto space = line.find(' ');
    const auto word = upper(line.substr(0, space));
    const auto argument = space == std::string_view::npos ? std::string_view() : line.substr(space + 1);
    const auto* found = std::find_if(std::begin(names), std::end(names),
                                     [&](const Name& entry) { return entry.name == word; });
    return {found == std::end(names) ? Verb::unknown : found->verb, argument};
}

std::string strip_telnet(std::string_view line) {
    constexpr unsigned char interpret = 0xFF;
    constexpr unsigned char first_with_option = 0xFB; // WILL, WONT, DO, DONT
    std::string text;
    for (std::size_t at = 0; at < line.size(); ++at) {
        if (static_cast<unsigned char>(line[at]) != interpret) {
            text += line[at];
            continue;
        }
        ++at;
        if (at >= line.size()) break;
        const auto what = static_cast<unsigned char>(line[at]);
        if (what >= first_with_option && what != interpret) ++at;
    }
    return text;
}

bool printable(std::string_view text) noexcept {
    return std::none_of(text.begin(), text.end(), [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return byte < 0x20 || byte == 0x7F;
    });
}

std::optional<std::uint64_t> parse_number(std::string_view digits) noexcept {
    constexpr std::size_t most_digits = 19;
    std::uint64_t value = 0;
    if (digits.empty() || digits.size() > most_digits) return std::nullopt;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
    if (value > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) return std::nullopt;
    return value;
}

std::string upper(std::string_view text) {
    std::string result(text);
    for (char& c : result)
        if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    return result;
}

} // namespace two_path::ftp
