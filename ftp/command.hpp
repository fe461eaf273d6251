/// One FTP command: parsed by the server, printed by the client.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace two_path::ftp {

/// What the server tells apart; commands that it only refuses share a verb.
enum class Verb {
    abor,
    allo,
    appe,
    cdup,
    clnt,
    cwd,
    epsv,
    feat,
    mode,
    noop,
    opts,
    pass,
    pasv,
    pwd,
    quit,
    rest,
    retr,
    size,
    stor,
    stru,
    syst,
    type,
    user,
    active,      ///< PORT and EPRT
    unavailable, ///< known and not served, refused at any time: AUTH, PBSZ, PROT, HOST
    unserved,    ///< known and not served: LIST, DELE, ...
    http,        ///< a web client's request, maybe forced upon it by a page (cross-protocol request)
    unknown,
};

struct Command {
    Verb verb = Verb::unknown;
    std::string_view argument; ///< all after the first space, as it stands
};

/// Reads one line (RFC 959 section 5.3); the argument lies within it. Verbs are accepted in any case.
Command parse_command(std::string_view line);

/// Removes Telnet commands, which clients send before ABOR (RFC 959 section 4.1.3, RFC 854).
std::string strip_telnet(std::string_view line);

/// Whether a text may stand in a command: no byte below 0x20, no DEL.
bool printable(std::string_view text) noexcept;

/// 1 to 19 digits, at most 2^63-1: the number of REST and SIZE (RFC 3659 sections 4 and 5).
std::optional<std::uint64_t> parse_number(std::string_view digits) noexcept;

/// ASCII letters made upper case.
std::string upper(std::string_view text);

} // namespace two_path::ftp
